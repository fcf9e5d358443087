/**
 * @import { Socket as AnySocket } from "../../../../trading_page/static/streams/stream.js"
 */

/**
 * A socket that is none: it keeps what is sent, and a test says what comes.
 *
 * @implements {AnySocket}
 */
export class Socket {
  /** @type {Socket[]} All of a test, the oldest first. */
  static all = [];

  /** The one that the stream uses now. */
  static get last() {
    return Socket.all[Socket.all.length - 1];
  }

  constructor() {
    this.readyState = 1;
    /** @type {AnySocket["onopen"]} */
    this.onopen = null;
    /** @type {AnySocket["onmessage"]} */
    this.onmessage = null;
    /** @type {AnySocket["onclose"]} */
    this.onclose = null;
    /** @type {AnySocket["onerror"]} */
    this.onerror = null;
    /** @type {Record<string, unknown>[]} */
    this.sent = [];
    Socket.all.push(this);
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {}

  open() {
    this.onopen?.();
  }

  /** @param {object} message */
  receive(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** @param {number} code */
  lose(code) {
    this.onclose?.({ code });
  }
}
