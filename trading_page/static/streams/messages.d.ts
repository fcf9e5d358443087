// Written by `make page-types` from the AsyncAPI document.

/** What a client gets on /ws/markets. */
export type MarketMessage =
  /** The whole book; it replaces what the client has, at any time */
  | {
      /** What this message is */
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
  /** What leads the book from `first_seq` - 1 to `last_seq` */
  | {
      /** What this message is */
      type: "update";
      /** The market */
      symbol: string;
      /** The number after the last message's `seq` or `last_seq`, always */
      first_seq: number;
      /** The last event that the book then contains */
      last_seq: number;
      /** Absolute volumes; 0 removes the level, also one that is not there */
      bids: [string, string][];
      /** Absolute volumes; 0 removes the level, also one that is not there */
      asks: [string, string][];
      /** CRC-32 of the best 10 asks, then the best 10 bids, after this message */
      checksum: number;
    }
  /** What the market accepts; after each snapshot, and after the update that contains a change */
  | {
      /** What this message is */
      type: "market";
      /** The market */
      symbol: string;
      /** As of this event */
      seq: number;
      /** What the market accepts */
      trading_state: "pre_open" | "continuous" | "halted" | "post_only" | "closed";
      /** When that was */
      timestamp: string;
    }
  /** As `GET /markets/{symbol}/ticker`: at first, then when it changed, at most every 250 ms */
  | {
      /** What this message is */
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
      /** What this message is */
      type: "candle";
      /** The market */
      symbol: string;
      /** Its length */
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
      /** What this message is */
      type: "subscribed";
      /** For each market the number that it is at */
      seq: Record<string, number>;
    }
  /** Nothing more comes of these markets */
  | {
      /** What this message is */
      type: "unsubscribed";
      /** The markets */
      symbols: string[];
    }
  /** What was missed after `from_seq` follows, and no snapshot */
  | {
      /** What this message is */
      type: "resumed";
      /** The market */
      symbol: string;
      /** The number that the client named */
      from_seq: number;
      /** The market's number now */
      seq: number;
    }
  /** After 15 s of silence */
  | {
      /** What this message is */
      type: "heartbeat";
      /** Now */
      timestamp: string;
    }
  /** The answer to `ping` */
  | {
      /** What this message is */
      type: "pong";
    }
  /** What was asked is refused, or the connection is about to be closed */
  | {
      /** What this message is */
      type: "error";
      /** What went wrong; the codes are those of REST */
      code:
        | "RATE_LIMITED"
        | "MARKET_NOT_FOUND"
        | "VALIDATION_ERROR"
        | "SERVICE_UNAVAILABLE"
        | "INTERNAL_ERROR";
      /** For a person */
      message: string;
    };

/** What a client sends on /ws/markets. */
export type MarketRequest =
  /** Ask whether the connection lives */
  | {
      /** What is asked */
      op: "ping";
    }
  /** Get more markets, or another part of one */
  | {
      /** What is asked */
      op: "subscribe";
      /** The markets */
      symbols: string[];
      /** What of the markets; book and ticker if omitted */
      channels?: ("book" | "ticker" | "candles")[] | null;
      /** Of candles; 1m if omitted */
      timeframes?: ("1m" | "5m" | "15m" | "1h" | "4h" | "1d" | "1w")[] | null;
      /** At most one message of each kind in this time; `0ms`: as fast as it goes */
      interval?: "0ms" | "100ms" | "250ms" | "500ms" | "1000ms" | "1s";
    }
  /** Get nothing more of some markets */
  | {
      /** What is asked */
      op: "unsubscribe";
      /** The markets */
      symbols: string[];
    }
  /** Get what was missed after a number, or a fresh snapshot; of a market that is subscribed to */
  | {
      /** What is asked */
      op: "resume";
      /** The market; `-` and `_` are good for `/`, in any case */
      symbol: string;
      /** The number that the client is at; a snapshot if omitted */
      from_seq?: number | null;
    };

/** What a client gets on /ws/trades. */
export type TradeMessage =
  /** A trade */
  | {
      /** What this message is */
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
      /** What this message is */
      type: "resync";
      /** The market */
      symbol: string;
      /** The last number before the gap */
      after_seq: number;
      /** The number from which on everything is sent */
      seq: number;
    }
  /** Everything after these numbers will be sent */
  | {
      /** What this message is */
      type: "subscribed";
      /** For each market the number that it is at */
      seq: Record<string, number>;
    }
  /** Nothing more comes of these markets */
  | {
      /** What this message is */
      type: "unsubscribed";
      /** The markets */
      symbols: string[];
    }
  /** What was missed after `from_seq` follows, and no snapshot */
  | {
      /** What this message is */
      type: "resumed";
      /** The market */
      symbol: string;
      /** The number that the client named */
      from_seq: number;
      /** The market's number now */
      seq: number;
    }
  /** After 15 s of silence */
  | {
      /** What this message is */
      type: "heartbeat";
      /** Now */
      timestamp: string;
    }
  /** The answer to `ping` */
  | {
      /** What this message is */
      type: "pong";
    }
  /** What was asked is refused, or the connection is about to be closed */
  | {
      /** What this message is */
      type: "error";
      /** What went wrong; the codes are those of REST */
      code:
        | "RATE_LIMITED"
        | "MARKET_NOT_FOUND"
        | "VALIDATION_ERROR"
        | "SERVICE_UNAVAILABLE"
        | "INTERNAL_ERROR";
      /** For a person */
      message: string;
    };

/** What a client sends on /ws/trades. */
export type TradeRequest =
  /** Ask whether the connection lives */
  | {
      /** What is asked */
      op: "ping";
    }
  /** Get the trades of more markets */
  | {
      /** What is asked */
      op: "subscribe";
      /** The markets */
      symbols: string[];
    }
  /** Get nothing more of some markets */
  | {
      /** What is asked */
      op: "unsubscribe";
      /** The markets */
      symbols: string[];
    }
  /** Get the trades after a number, as far as they are kept */
  | {
      /** What is asked */
      op: "resume";
      /** The market; `-` and `_` are good for `/`, in any case */
      symbol: string;
      /** The number that the client is at */
      from_seq: number;
    };

/** What a client gets on /ws/orders. */
export type AccountMessage =
  /** Logged in */
  | {
      /** What this message is */
      type: "authenticated";
      /** Who */
      user_id: string;
      /** Until when; null: an API key without an end */
      expires_at: string | null;
    }
  /** Open orders and balances of one moment; it replaces what the client has, at any time */
  | {
      /** What this message is */
      type: "snapshot";
      /** Names the session, for a client that comes back */
      session: string;
      /** Counts the messages of the session, from 1 */
      private_seq: number;
      /** For each market the number that it was at */
      seq: Record<string, number>;
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
        /** Trigger; of a trailing stop the first one, or the one that was reached */
        stop_price: string | null;
        /** The budget of a market buy, fee included */
        quote_quantity: string | null;
        /** What was traded */
        filled_quantity: string;
        /** What was not; null for a buy by budget */
        remaining_quantity: string | null;
        /** Of its fills; null without one */
        average_price: string | null;
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
          | "QUANTITY_BELOW_FILLED"
          | "IOC_REMAINDER"
          | "FOK_NOT_FILLABLE"
          | "MARKET_REMAINDER"
          | "LINKED"
          | "NO_FUNDS"
          | "CANCEL_AFTER"
          | null;
        /** Distance of a trailing stop */
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
      }[];
      /** Whether that is all of them */
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
  /** An own order, as it is after an event of its market */
  | {
      /** What this message is */
      type: "order";
      /** That event */
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
        /** Trigger; of a trailing stop the first one, or the one that was reached */
        stop_price: string | null;
        /** The budget of a market buy, fee included */
        quote_quantity: string | null;
        /** What was traded */
        filled_quantity: string;
        /** What was not; null for a buy by budget */
        remaining_quantity: string | null;
        /** Of its fills; null without one */
        average_price: string | null;
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
          | "QUANTITY_BELOW_FILLED"
          | "IOC_REMAINDER"
          | "FOK_NOT_FILLABLE"
          | "MARKET_REMAINDER"
          | "LINKED"
          | "NO_FUNDS"
          | "CANCEL_AFTER"
          | null;
        /** Distance of a trailing stop */
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
      };
      /** Counts the messages of the session, from 1 */
      private_seq: number;
    }
  /** An own trade, as `GET /trades?mine=true`; who trades with themselves gets the taker's side */
  | {
      /** What this message is */
      type: "fill";
      /** The trade's number in its market */
      seq: number;
      /** A UUIDv7 */
      id: string;
      /** The market */
      symbol: string;
      /** The maker's price, or the auction's */
      price: string;
      /** How much of the base asset */
      quantity: string;
      /** In the quote asset */
      buyer_fee: string;
      /** In the quote asset */
      seller_fee: string;
      /** The taker's side */
      taker_side: "buy" | "sell";
      /** When it was made */
      executed_at: string;
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
      /** Counts the messages of the session, from 1 */
      private_seq: number;
    }
  /** What the account has of an asset */
  | {
      /** What this message is */
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
  /** The messages after `from_seq` up to `private_seq` follow, and no snapshot */
  | {
      /** What this message is */
      type: "resumed";
      /** Names the session, for a client that comes back */
      session: string;
      /** The number that the client named */
      from_seq: number;
      /** The session's last number */
      private_seq: number;
    }
  /** The session is guarded, or no longer */
  | {
      /** What this message is */
      type: "cancel_on_disconnect";
      /** 0: no longer */
      timeout_ms: number;
      /** The market; null is all of them */
      symbol: string | null;
    }
  /** As `POST /orders/cancel-after` answers */
  | {
      /** What this message is */
      type: "cancel_after";
      /** 0: it is off */
      timeout_ms: number;
      /** When it goes off unless it is renewed; null: it is off */
      cancel_at: string | null;
      /** The markets that it is set in */
      symbols: string[];
    }
  /** After 15 s of silence */
  | {
      /** What this message is */
      type: "heartbeat";
      /** Now */
      timestamp: string;
    }
  /** The answer to `ping` */
  | {
      /** What this message is */
      type: "pong";
    }
  /** What was asked is refused, or the connection is about to be closed */
  | {
      /** What this message is */
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
      /** For a person */
      message: string;
    };

/** What a client sends on /ws/orders. */
export type AccountRequest =
  /** Ask whether the connection lives */
  | {
      /** What is asked */
      op: "ping";
    }
  /**
   * Log in, within 5 s, by a token or by an API key's signature over timestamp, `GET` and
   * `/ws/orders`; with the session and the last number of a former connection, go on there
   */
  | {
      /** What is asked */
      op: "auth";
      /** An access token */
      token?: string;
      /** Id of an API key */
      api_key?: string;
      /** Milliseconds since 1970, at most 5 s from the exchange's clock */
      timestamp?: number | string;
      /** HMAC-SHA256 with the key's secret, good once */
      signature?: string;
      /** `session` of the last snapshot */
      session?: string;
      /** The last number that the client has */
      private_seq?: number;
    }
  /** Have everything cancelled when this session ends */
  | {
      /** What is asked */
      op: "cancel_on_disconnect";
      /** How long a lost session may be silent; 0: no longer */
      timeout_ms: number;
      /** One market only; every market if omitted */
      symbol?: string | null;
    }
  /** Have everything cancelled after a time, unless this is said again */
  | {
      /** What is asked */
      op: "cancel_after";
      /** After how long; 0: not at all */
      timeout_ms: number;
      /** One market only; every market if omitted */
      symbol?: string | null;
    };
