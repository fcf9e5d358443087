// Everything about one order: what was asked, what became of it, its trades, its ids.

import { useEffect, useState } from "preact/hooks";
import { NoAnswer, query, Refusal } from "#page/api.js";
import { html } from "#page/html.js";
import { grouped } from "#page/numbers.js";
import { reportOf } from "#page/reports.js";
import { ask } from "#page/session.js";
import { history, marketOf, orders } from "#page/store.js";
import { inspect, inspected, Side, When } from "#page/table.js";
import { gettext } from "#page/texts.js";
import { groupRoleNames } from "#page/words.js";
import { Copy } from "./copy.js";
import { moneyLines, sizeLines, termLines } from "./lines.js";
import { roleNames } from "./words.js";

/**
 * @import { Order } from "#page/answers.d.ts"
 * @import { Answer } from "#page/api.js"
 * @import { Fill } from "#page/store.js"
 * @import { Line } from "./lines.js"
 */

/** @typedef {{ order: Order, fills: Fill[], hasMore: boolean, group: Order[] }} Dossier */

const FILLS = 1_000;
const RETRY_MS = 2_000;

export function OrderDetails() {
  const id = inspected.value;
  const [dossier, setDossier] = useState(/** @type {Dossier | null} */ (null));
  const [problem, setProblem] = useState("");
  const [trial, setTrial] = useState(0);
  // An order that changes while it is looked at is read again.
  const live = [...orders.value, ...history.value].find((order) => order.id === id);
  useEffect(() => {
    let isOver = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const lost = (/** @type {unknown} */ error) => {
      if (isOver) return;
      if (!(error instanceof NoAnswer || error instanceof Refusal)) throw error;
      setProblem(error.message);
      if (error instanceof NoAnswer) timer = setTimeout(() => setTrial(trial + 1), RETRY_MS);
    };
    const show = (/** @type {Dossier} */ found) => {
      if (isOver) return;
      setProblem("");
      setDossier(found);
    };
    read(id).then(show, lost);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [id, live?.updated_at, trial]);
  if (problem) return html`<p class="nothing" role="alert">${problem}</p>`;
  if (dossier?.order.id !== id) return html`<p class="nothing">${gettext("Loading…")}</p>`;
  return html`<${Details} ...${dossier} />`;
}

/**
 * @param {string} id
 * @returns {Promise<Dossier>}
 */
async function read(id) {
  /** @type {[Answer<Order>, Answer<Fill[]>]} */
  const [{ data: order }, { data: fills, pagination }] = await Promise.all([
    ask("GET", `/orders/${id}`),
    ask("GET", `/trades${query({ mine: "true", order_id: id, limit: FILLS })}`),
  ]);
  return { order, fills, hasMore: pagination?.has_more ?? false, group: await groupOf(order) };
}

/** @param {Order} order */
async function groupOf({ id, group_id: group }) {
  if (!group) return [];
  /** @type {Answer<Order[]>} */
  const { data } = await ask("GET", `/orders${query({ group_id: group })}`);
  return data.filter((order) => order.id !== id).reverse();
}

/** @param {Dossier} props */
function Details({ order, fills, hasMore, group }) {
  const { text } = reportOf(order, marketOf(order.symbol)?.price_decimals ?? 8);
  return html`
    <div class="order-details">
      <p class="asked">${text}</p>
      <div class="facts">
        <${Lines} lines=${[...termLines(order), ...sizeLines(order)]} />
        <${Lines} lines=${moneyLines(order)} />
      </div>
      ${group.length > 0 && html`<${Group} orders=${group} />`}
      <${Fills} fills=${fills} hasMore=${hasMore} />
      <${Ids} order=${order} />
    </div>
  `;
}

/** @param {{ lines: Line[] }} props */
function Lines({ lines }) {
  return html`
    <dl class="preview">
      ${lines.map(
        ({ name, text }) => html`
          <div>
            <dt>${name}</dt>
            <dd>${text}</dd>
          </div>
        `,
      )}
    </dl>
  `;
}

/** @param {{ orders: Order[] }} props */
function Group({ orders: others }) {
  return html`
    <h3>${gettext("Orders of the same group")}</h3>
    <ul class="group">
      ${others.map(
        (order) => html`
          <li>
            <button type="button" class="link" onClick=${() => inspect(order.id)}>
              ${order.group_role && groupRoleNames()[order.group_role]}
            </button>
            <span>${reportOf(order, marketOf(order.symbol)?.price_decimals ?? 8).text}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

/** @param {{ fills: Fill[], hasMore: boolean }} props */
function Fills({ fills, hasMore }) {
  if (fills.length === 0) return null;
  const [base, quote] = fills[0].symbol.split("/");
  return html`
    <h3>${gettext("Trades")}</h3>
    ${hasMore && html`<p class="hint">${gettext("The newest {count}", { count: fills.length })}</p>`}
    <div class="fills" tabindex="0" role="group" aria-label=${gettext("Trades of this order")}>
      <table>
        <thead>
          <tr>
            <th scope="col">${gettext("Time")}</th>
            <th scope="col">${gettext("Side")}</th>
            <th scope="col">${gettext("Role")}</th>
            <th scope="col">${gettext("Price {asset}", { asset: quote })}</th>
            <th scope="col">${gettext("Amount {asset}", { asset: base })}</th>
            <th scope="col">${gettext("Fee {asset}", { asset: quote })}</th>
          </tr>
        </thead>
        <tbody>
          ${fills.map(
            (fill) => html`
              <tr key=${fill.id}>
                <td><${When} time=${fill.executed_at} /></td>
                <td><${Side} side=${fill.side} /></td>
                <td>${roleNames()[fill.role]}</td>
                <td>${grouped(fill.price)}</td>
                <td>${grouped(fill.quantity)}</td>
                <td>${grouped(fill.fee)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** @param {{ order: Order }} props */
function Ids({ order }) {
  const ids = [
    [gettext("Order id"), order.id],
    [gettext("Client order id"), order.client_order_id],
    [gettext("Group id"), order.group_id],
  ];
  return html`
    <h3>${gettext("Ids")}</h3>
    <dl class="ids">
      ${ids.map(
        ([name, text]) =>
          text &&
          html`
            <div>
              <dt>${name}</dt>
              <dd><${Copy} name=${name} text=${text} /></dd>
            </div>
          `,
      )}
    </dl>
  `;
}
