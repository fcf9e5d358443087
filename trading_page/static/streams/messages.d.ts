// Written by `make page-types` from the AsyncAPI document.

/** What a client gets on /ws/markets. */
export type MarketMessage =
  /** The whole book. It may come at any time and replaces what the client has */
  | {
      /** The type of the message */
      type: "snapshot";
      /** The market */
      symbol: string;
      /** The last event that the book contains */
      seq: number;
      /** Highest price first */
      bids: [string, string][];
      /** Lowest price first */
      asks: [string, string][];
      /** CRC-32 of the best 10 asks, then the best 10 bids, after this message */
      checksum: number;
    }
  /** The changes that take the book from `first_seq` - 1 to `last_seq` */
  | {
      /** The type of the message */
      type: "update";
      /** The market */
      symbol: string;
      /** Always one more than the `seq` or `last_seq` of the message before */
      first_seq: number;
      /** The last event that the book contains afterwards */
      last_seq: number;
      /** Absolute volumes; 0 removes the level, even if the client does not have it */
      bids: [string, string][];
      /** Absolute volumes; 0 removes the level, even if the client does not have it */
      asks: [string, string][];
      /** CRC-32 of the best 10 asks, then the best 10 bids, after this message */
      checksum: number;
    }
  /** What the market accepts; sent after each snapshot, and after an update in which it changed */
  | {
      /** The type of the message */
      type: "market";
      /** The market */
      symbol: string;
      /** As of this event */
      seq: number;
      /** What the market accepts */
      trading_state: "pre_open" | "continuous" | "halted" | "post_only" | "closed";
      /** When it changed */
      timestamp: string;
    }
  /** As `GET /markets/{symbol}/ticker`: at once, then after changes, at most every 250 ms */
  | {
      /** The type of the message */
      type: "ticker";
      /** The market */
      symbol: string;
      /** Price of the last trade; null before the first */
      last: string | null;
      /** Price of the first trade of 24 hours; null without any */
      open: string | null;
      /** Highest price of 24 hours */
      high: string | null;
      /** Lowest price of 24 hours */
      low: string | null;
      /** Traded quantity of 24 hours */
      volume: string;
      /** Sum of price x quantity of 24 hours */
      quote_volume: string;
      /** `last` less `open` */
      change: string | null;
      /** The same in percent of `open` */
      change_percent: string | null;
      /** Trades of 24 hours */
      trade_count: number;
      /** Quantity of the last trade */
      last_volume: string | null;
      /** Best price bid; null without a bid */
      bid: string | null;
      /** Quantity bid at that price */
      bid_volume: string | null;
      /** Best price asked; null without an ask */
      ask: string | null;
      /** Quantity asked at that price */
      ask_volume: string | null;
      /** `ask` less `bid` */
      spread: string | null;
    }
  /** A candle as it is now, after the batch that changed it */
  | {
      /** The type of the message */
      type: "candle";
      /** The market */
      symbol: string;
      /** The length of the candle */
      timeframe: "1m" | "5m" | "15m" | "1h" | "4h" | "1d" | "1w";
      /** When it opened */
      time: string;
      /** Price of the first trade */
      open: string;
      /** Highest price */
      high: string;
      /** Lowest price */
      low: string;
      /** Price of the last trade */
      close: string;
      /** Traded quantity */
      volume: string;
      /** Sum of price x quantity */
      quote_volume: string;
      /** Number of trades; 0 in a flat candle */
      trade_count: number;
    }
  /** Everything after these numbers will be sent */
  | {
      /** The type of the message */
      type: "subscribed";
      /** The current number of each market */
      seq: Record<string, number>;
    }
  /** Nothing more will be sent about these markets */
  | {
      /** The type of the message */
      type: "unsubscribed";
      /** The markets */
      symbols: string[];
    }
  /** Everything missed after `from_seq` follows, without a snapshot */
  | {
      /** The type of the message */
      type: "resumed";
      /** The market */
      symbol: string;
      /** The number that the client gave */
      from_seq: number;
      /** The market's current number */
      seq: number;
    }
  /** After 15 s of silence */
  | {
      /** The type of the message */
      type: "heartbeat";
      /** Now */
      timestamp: string;
    }
  /** The answer to `ping` */
  | {
      /** The type of the message */
      type: "pong";
    }
  /** A request was refused, or the connection is about to be closed */
  | {
      /** The type of the message */
      type: "error";
      /** What went wrong; the codes are those of REST */
      code:
        | "RATE_LIMITED"
        | "MARKET_NOT_FOUND"
        | "VALIDATION_ERROR"
        | "SERVICE_UNAVAILABLE"
        | "INTERNAL_ERROR";
      /** An explanation for people */
      message: string;
    };

/** What a client sends on /ws/markets. */
export type MarketRequest =
  /** Ask whether the connection is alive */
  | {
      /** The operation */
      op: "ping";
    }
  /** Get more markets, or change what is sent of one */
  | {
      /** The operation */
      op: "subscribe";
      /** The markets */
      symbols: string[];
      /** What to send of the markets; book and ticker if omitted */
      channels?: ("book" | "ticker" | "candles")[] | null;
      /** Lengths of candles; 1m if omitted */
      timeframes?: ("1m" | "5m" | "15m" | "1h" | "4h" | "1d" | "1w")[] | null;
      /** At most one message of each kind in this time; `0ms`: as fast as possible */
      interval?: "0ms" | "100ms" | "250ms" | "500ms" | "1000ms" | "1s";
    }
  /** Get nothing more about some markets */
  | {
      /** The operation */
      op: "unsubscribe";
      /** The markets */
      symbols: string[];
    }
  /** Get what was missed after a number, or a fresh snapshot, of a subscribed market */
  | {
      /** The operation */
      op: "resume";
      /** The market; `-` and `_` work like `/`, and case does not matter */
      symbol: string;
      /** The last number that the client has; a snapshot if omitted */
      from_seq?: number | null;
    };

/** What a client gets on /ws/trades. */
export type TradeMessage =
  /** A trade */
  | {
      /** The type of the message */
      type: "trade";
      /** The market */
      symbol: string;
      /** Its number in the market */
      seq: number;
      /** A UUIDv7 */
      id: string;
      /** The maker's price, or the auction's */
      price: string;
      /** How much of the base asset */
      quantity: string;
      /** The taker's side */
      taker_side: "buy" | "sell";
      /** When it was made */
      executed_at: string;
    }
  /** Trades in between are missing: `resume`, or read them over REST */
  | {
      /** The type of the message */
      type: "resync";
      /** The market */
      symbol: string;
      /** The last number before the gap */
      after_seq: number;
      /** Everything after this number is sent */
      seq: number;
    }
  /** Everything after these numbers will be sent */
  | {
      /** The type of the message */
      type: "subscribed";
      /** The current number of each market */
      seq: Record<string, number>;
    }
  /** Nothing more will be sent about these markets */
  | {
      /** The type of the message */
      type: "unsubscribed";
      /** The markets */
      symbols: string[];
    }
  /** Everything missed after `from_seq` follows, without a snapshot */
  | {
      /** The type of the message */
      type: "resumed";
      /** The market */
      symbol: string;
      /** The number that the client gave */
      from_seq: number;
      /** The market's current number */
      seq: number;
    }
  /** After 15 s of silence */
  | {
      /** The type of the message */
      type: "heartbeat";
      /** Now */
      timestamp: string;
    }
  /** The answer to `ping` */
  | {
      /** The type of the message */
      type: "pong";
    }
  /** A request was refused, or the connection is about to be closed */
  | {
      /** The type of the message */
      type: "error";
      /** What went wrong; the codes are those of REST */
      code:
        | "RATE_LIMITED"
        | "MARKET_NOT_FOUND"
        | "VALIDATION_ERROR"
        | "SERVICE_UNAVAILABLE"
        | "INTERNAL_ERROR";
      /** An explanation for people */
      message: string;
    };

/** What a client sends on /ws/trades. */
export type TradeRequest =
  /** Ask whether the connection is alive */
  | {
      /** The operation */
      op: "ping";
    }
  /** Get the trades of more markets */
  | {
      /** The operation */
      op: "subscribe";
      /** The markets */
      symbols: string[];
    }
  /** Get nothing more about some markets */
  | {
      /** The operation */
      op: "unsubscribe";
      /** The markets */
      symbols: string[];
    }
  /** Get the trades after a number, as far as they are kept */
  | {
      /** The operation */
      op: "resume";
      /** The market; `-` and `_` work like `/`, and case does not matter */
      symbol: string;
      /** The last number that the client has */
      from_seq: number;
    };

/** What a client gets on /ws/orders. */
export type AccountMessage =
  /** Logged in */
  | {
      /** The type of the message */
      type: "authenticated";
      /** The user */
      user_id: string;
      /** When the login expires; null for an API key that never does */
      expires_at: string | null;
    }
  /**
   * Open orders and balances at one moment. It may come at any time and replaces what the client
   * has
   */
  | {
      /** The type of the message */
      type: "snapshot";
      /** The session's name, for a client that comes back */
      session: string;
      /** Counts the messages of the session, from 1 */
      private_seq: number;
      /** The number of each market at that moment */
      seq: Record<string, number>;
      /** From here `GET /orders` and `GET /trades?mine=true` go on with `after` */
      bookmark: string;
      /** The newest 1,000 open and pending orders, newest first */
      orders: {
        /** The exchange's id of the order, a UUIDv7 */
        id: string;
        /** The client's own id */
        client_order_id: string | null;
        /** Whose order it is */
        user_id: string;
        /** The market */
        symbol: string;
        /** buy or sell */
        side: "buy" | "sell";
        /** The order's type */
        type:
          | "limit"
          | "market"
          | "stop"
          | "stop_limit"
          | "take_profit"
          | "take_profit_limit"
          | "trailing_stop";
        /** How long it may wait */
        time_in_force: "gtc" | "ioc" | "fok" | "gtd";
        /** It was refused or moved rather than trade at once */
        post_only: boolean;
        /** The whole quantity; null for a market buy by budget */
        quantity: string | null;
        /** The limit; null for what trades at market */
        price: string | null;
        /**
         * Trigger. Of a trailing stop that waits where it is now; later the one that was reached,
         * or where it began
         */
        stop_price: string | null;
        /** The budget of a market buy, fee included */
        quote_quantity: string | null;
        /** What was traded */
        filled_quantity: string;
        /** What was not; null for a buy by budget */
        remaining_quantity: string | null;
        /** Sum of price x quantity of its fills, in the quote asset */
        filled_quote: string;
        /** Of its fills, null without one: times what is filled it rounds to `filled_quote` */
        average_price: string | null;
        /** What its fills have cost so far, rounded up once */
        fee: string;
        /** In which asset: the quote asset */
        fee_asset: string;
        /** `pending` is a stop or an exit that waits outside the book */
        status:
          "pending" | "open" | "partially_filled" | "filled" | "cancelled" | "rejected" | "expired";
        /** Why it was rejected or cancelled; null when its owner cancelled it, or it lives */
        reason:
          | "MARKET_CLOSED"
          | "MARKET_HALTED"
          | "MARKET_PRE_OPEN"
          | "DUPLICATE_ORDER_ID"
          | "TOO_MANY_ORDERS"
          | "TOO_MANY_STOPS"
          | "ALREADY_EXPIRED"
          | "NO_LAST_PRICE"
          | "PRICE_OUT_OF_BAND"
          | "STOP_WOULD_TRIGGER"
          | "POST_ONLY_WOULD_TRADE"
          | "SELF_TRADE"
          | "INSUFFICIENT_LIQUIDITY"
          | "ORDER_NOT_FOUND"
          | "ORDER_LINKED"
          | "PRICE_NOT_AMENDABLE"
          | "TRIGGER_NOT_AMENDABLE"
          | "QUANTITY_BELOW_FILLED"
          | "IOC_REMAINDER"
          | "FOK_NOT_FILLABLE"
          | "MARKET_REMAINDER"
          | "LINKED"
          | "NO_FUNDS"
          | "CANCEL_AFTER"
          | "MATCH_LIMIT"
          | null;
        /** Distance of a trailing stop from the best price so far */
        trailing_amount: string | null;
        /** Distance of a trailing stop in percent */
        trailing_percent: string | null;
        /** What the book shows of an iceberg at most */
        display_quantity: string | null;
        /** When a gtd order expires */
        expire_at: string | null;
        /** What happens if it would trade with another order of its owner */
        self_trade_prevention: "cancel_newest" | "cancel_oldest" | "cancel_both" | "decrement";
        /** Post-only: moved behind the other side rather than refused */
        reprice: boolean;
        /** The OCO or bracket it belongs to: the id of its first order */
        group_id: string | null;
        /** What it is in its group */
        group_role: "oco_limit" | "oco_stop" | "entry" | "take_profit" | "stop_loss" | null;
        /** When the last price reached the stop price */
        triggered_at: string | null;
        /** The furthest price at which a stop without limit trades */
        protection_price: string | null;
        /** When the engine took it */
        created_at: string;
        /** When it last changed */
        updated_at: string;
        /** Number of its last event in its market; 0 if that was under an earlier release */
        seq: number;
      }[];
      /** Whether these are all of them */
      orders_complete: boolean;
      /** All balances */
      balances: {
        /** The asset */
        asset: string;
        /** Free to use */
        available: string;
        /** Held for open orders and for trades that are not settled yet */
        held: string;
        /** Both together */
        total: string;
      }[];
    }
  /** One of the user's orders, as it is after an event in its market */
  | {
      /** The type of the message */
      type: "order";
      /** The event */
      seq: number;
      /** The order, as `GET /orders/{id}` */
      order: {
        /** The exchange's id of the order, a UUIDv7 */
        id: string;
        /** The client's own id */
        client_order_id: string | null;
        /** Whose order it is */
        user_id: string;
        /** The market */
        symbol: string;
        /** buy or sell */
        side: "buy" | "sell";
        /** The order's type */
        type:
          | "limit"
          | "market"
          | "stop"
          | "stop_limit"
          | "take_profit"
          | "take_profit_limit"
          | "trailing_stop";
        /** How long it may wait */
        time_in_force: "gtc" | "ioc" | "fok" | "gtd";
        /** It was refused or moved rather than trade at once */
        post_only: boolean;
        /** The whole quantity; null for a market buy by budget */
        quantity: string | null;
        /** The limit; null for what trades at market */
        price: string | null;
        /**
         * Trigger. Of a trailing stop that waits where it is now; later the one that was reached,
         * or where it began
         */
        stop_price: string | null;
        /** The budget of a market buy, fee included */
        quote_quantity: string | null;
        /** What was traded */
        filled_quantity: string;
        /** What was not; null for a buy by budget */
        remaining_quantity: string | null;
        /** Sum of price x quantity of its fills, in the quote asset */
        filled_quote: string;
        /** Of its fills, null without one: times what is filled it rounds to `filled_quote` */
        average_price: string | null;
        /** What its fills have cost so far, rounded up once */
        fee: string;
        /** In which asset: the quote asset */
        fee_asset: string;
        /** `pending` is a stop or an exit that waits outside the book */
        status:
          "pending" | "open" | "partially_filled" | "filled" | "cancelled" | "rejected" | "expired";
        /** Why it was rejected or cancelled; null when its owner cancelled it, or it lives */
        reason:
          | "MARKET_CLOSED"
          | "MARKET_HALTED"
          | "MARKET_PRE_OPEN"
          | "DUPLICATE_ORDER_ID"
          | "TOO_MANY_ORDERS"
          | "TOO_MANY_STOPS"
          | "ALREADY_EXPIRED"
          | "NO_LAST_PRICE"
          | "PRICE_OUT_OF_BAND"
          | "STOP_WOULD_TRIGGER"
          | "POST_ONLY_WOULD_TRADE"
          | "SELF_TRADE"
          | "INSUFFICIENT_LIQUIDITY"
          | "ORDER_NOT_FOUND"
          | "ORDER_LINKED"
          | "PRICE_NOT_AMENDABLE"
          | "TRIGGER_NOT_AMENDABLE"
          | "QUANTITY_BELOW_FILLED"
          | "IOC_REMAINDER"
          | "FOK_NOT_FILLABLE"
          | "MARKET_REMAINDER"
          | "LINKED"
          | "NO_FUNDS"
          | "CANCEL_AFTER"
          | "MATCH_LIMIT"
          | null;
        /** Distance of a trailing stop from the best price so far */
        trailing_amount: string | null;
        /** Distance of a trailing stop in percent */
        trailing_percent: string | null;
        /** What the book shows of an iceberg at most */
        display_quantity: string | null;
        /** When a gtd order expires */
        expire_at: string | null;
        /** What happens if it would trade with another order of its owner */
        self_trade_prevention: "cancel_newest" | "cancel_oldest" | "cancel_both" | "decrement";
        /** Post-only: moved behind the other side rather than refused */
        reprice: boolean;
        /** The OCO or bracket it belongs to: the id of its first order */
        group_id: string | null;
        /** What it is in its group */
        group_role: "oco_limit" | "oco_stop" | "entry" | "take_profit" | "stop_loss" | null;
        /** When the last price reached the stop price */
        triggered_at: string | null;
        /** The furthest price at which a stop without limit trades */
        protection_price: string | null;
        /** When the engine took it */
        created_at: string;
        /** When it last changed */
        updated_at: string;
        /** Number of its last event in its market; 0 if that was under an earlier release */
        seq: number;
      };
      /** The order's place: `after` of `GET /orders`, joined to those of other markets by points */
      bookmark: string;
      /** Counts the messages of the session, from 1 */
      private_seq: number;
    }
  /**
   * One of the user's trades, as `GET /trades?mine=true`; a trade with oneself is shown from the
   * taker's side
   */
  | {
      /** The type of the message */
      type: "fill";
      /** A UUIDv7 */
      id: string;
      /** The market */
      symbol: string;
      /** The maker's price, or the auction's */
      price: string;
      /** How much of the base asset */
      quantity: string;
      /** The taker's side */
      taker_side: "buy" | "sell";
      /** When it was made */
      executed_at: string;
      /** Its number in its market */
      seq: number;
      /** Whether the ledger has it yet */
      settlement_status: "pending" | "retrying" | "settled" | "failed" | "resolved";
      /** The own side */
      side: "buy" | "sell";
      /** The own role */
      role: "maker" | "taker";
      /** The own fee, in the quote asset */
      fee: string;
      /** The own order */
      order_id: string;
      /** The trade's place: `after` of `GET /trades?mine=true`, joined by points likewise */
      bookmark: string;
      /** Counts the messages of the session, from 1 */
      private_seq: number;
    }
  /** What the user has of an asset */
  | {
      /** The type of the message */
      type: "balance";
      /** The asset */
      asset: string;
      /** Free to use */
      available: string;
      /** Held for open orders and for trades that are not settled yet */
      held: string;
      /** Both together */
      total: string;
      /** Counts the messages of the session, from 1 */
      private_seq: number;
    }
  /** The messages after `from_seq` up to `private_seq` follow, without a snapshot */
  | {
      /** The type of the message */
      type: "resumed";
      /** The session's name, for a client that comes back */
      session: string;
      /** The number that the client gave */
      from_seq: number;
      /** The session's last number */
      private_seq: number;
    }
  /** Whether all orders are cancelled when the session ends */
  | {
      /** The type of the message */
      type: "cancel_on_disconnect";
      /** How long a lost session may be silent; 0: it is off */
      timeout_ms: number;
      /** The market; null means all markets */
      symbol: string | null;
    }
  /** The answer, as from `POST /orders/cancel-after` */
  | {
      /** The type of the message */
      type: "cancel_after";
      /** 0: it is off */
      timeout_ms: number;
      /** When orders are cancelled unless it is renewed; null: it is off */
      cancel_at: string | null;
      /** The markets that it is set for */
      symbols: string[];
    }
  /** After 15 s of silence */
  | {
      /** The type of the message */
      type: "heartbeat";
      /** Now */
      timestamp: string;
    }
  /** The answer to `ping` */
  | {
      /** The type of the message */
      type: "pong";
    }
  /** A request was refused, or the connection is about to be closed */
  | {
      /** The type of the message */
      type: "error";
      /** What went wrong; the codes are those of REST */
      code:
        | "RATE_LIMITED"
        | "UNAUTHENTICATED"
        | "TOKEN_EXPIRED"
        | "TOKEN_REVOKED"
        | "BAD_SIGNATURE"
        | "FORBIDDEN"
        | "MARKET_NOT_FOUND"
        | "VALIDATION_ERROR"
        | "OVERLOADED"
        | "WALLET_UNAVAILABLE"
        | "ENGINE_UNAVAILABLE"
        | "SERVICE_UNAVAILABLE"
        | "TIMEOUT"
        | "INTERNAL_ERROR";
      /** An explanation for people */
      message: string;
    };

/** What a client sends on /ws/orders. */
export type AccountRequest =
  /** Ask whether the connection is alive */
  | {
      /** The operation */
      op: "ping";
    }
  /**
   * Log in within 5 s, with a token or an API key's signature over timestamp, `GET` and
   * `/ws/orders`; with the session and the last number of an earlier connection, continue it
   */
  | {
      /** The operation */
      op: "auth";
      /** An access token */
      token?: string;
      /** Id of an API key */
      api_key?: string;
      /** Milliseconds since 1970, at most 5 s from the exchange's clock */
      timestamp?: number | string;
      /** HMAC-SHA256 with the key's secret; it can be used once */
      signature?: string;
      /** `session` of the last snapshot */
      session?: string;
      /** The last number that the client has */
      private_seq?: number;
    }
  /** Have all orders cancelled when this session ends */
  | {
      /** The operation */
      op: "cancel_on_disconnect";
      /** How long a lost session may be silent; 0 turns it off */
      timeout_ms: number;
      /** Only this market; every market if omitted */
      symbol?: string | null;
    }
  /** Have all orders cancelled after a time, unless this is sent again */
  | {
      /** The operation */
      op: "cancel_after";
      /** After how long; 0 turns it off */
      timeout_ms: number;
      /** Only this market; every market if omitted */
      symbol?: string | null;
    };
