// What sends an order: loaded ahead of the first, when the browser has nothing else to do.

export { isConfirmed } from "./confirm.js";
export { place } from "./placing.js";
