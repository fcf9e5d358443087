// Written by `make page-types` from the OpenAPI document.

export interface Balance {
  /** The asset */
  asset: string;
  /** Free to use */
  available: string;
  /** Held for open orders and for trades that are not settled yet */
  held: string;
  /** Both together */
  total: string;
}

export interface Candle {
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

export interface DemoAccount {
  access: string;
  refresh: string;
  token_type: "Bearer";
  /** Seconds until the access token expires */
  expires_in: number;
  /** Generated; it can be used to log in again */
  username: string;
  /** Shown here and never again */
  password: string;
  balances: Balance[];
}

export interface Entry {
  /** Later entries have higher numbers */
  id: number;
  /** The asset */
  asset: string;
  /** Negative when it left the account */
  amount: string;
  /** Why it was moved */
  kind: "trade" | "fee" | "deposit" | "withdrawal" | "correction" | "reserve" | "release";
  /** The trade's id for a settled trade */
  transfer_id: string;
  /** The trade that was settled, if it was one */
  trade_id: string | null;
  /** The own order of that trade */
  order_id: string | null;
  /** What was said about it */
  reason: string;
  /** When it was written */
  created_at: string;
}

export interface ErrorBody {
  /** As in an error answer */
  code:
    | "PAYLOAD_TOO_LARGE"
    | "REQUEST_TIMEOUT"
    | "UNSUPPORTED_MEDIA_TYPE"
    | "METHOD_NOT_ALLOWED"
    | "NOT_ACCEPTABLE"
    | "RATE_LIMITED"
    | "UNAUTHENTICATED"
    | "TOKEN_EXPIRED"
    | "TOKEN_REVOKED"
    | "BAD_SIGNATURE"
    | "FORBIDDEN"
    | "NOT_FOUND"
    | "MARKET_NOT_FOUND"
    | "ORDER_NOT_FOUND"
    | "TRADE_NOT_FOUND"
    | "ASSET_NOT_FOUND"
    | "API_KEY_NOT_FOUND"
    | "VALIDATION_ERROR"
    | "TICK_SIZE"
    | "LOT_SIZE"
    | "MIN_QUANTITY"
    | "MAX_QUANTITY"
    | "MIN_NOTIONAL"
    | "TOO_MANY_API_KEYS"
    | "INSUFFICIENT_BALANCE"
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
    | "ORDER_LINKED"
    | "PRICE_NOT_AMENDABLE"
    | "TRIGGER_NOT_AMENDABLE"
    | "QUANTITY_BELOW_FILLED"
    | "ORDER_NOT_AMENDABLE"
    | "ORDER_NOT_CANCELLABLE"
    | "OVERLOADED"
    | "WALLET_UNAVAILABLE"
    | "ENGINE_UNAVAILABLE"
    | "SERVICE_UNAVAILABLE"
    | "TIMEOUT"
    | "INTERNAL_ERROR";
  /** For a person */
  message: string;
  /** What helps to put it right */
  details: Record<string, unknown>;
}

export interface FeeTier {
  /** Counts from 1; the highest level that a user's volume reaches is theirs */
  level: number;
  /** Price x quantity of 30 days from which it holds, in the quote asset */
  min_volume: string;
  /** 0.0006 is 0.06 % */
  maker_fee_rate: string;
  /** 0.0009 is 0.09 % */
  taker_fee_rate: string;
}

export interface Group {
  /** The id of the first order; null for the replay of a single one */
  group_id: string | null;
  /** OCO: limit, stop. Bracket: entry, take-profit, stop-loss */
  orders: Order[];
  /** What the entry traded at once, oldest first */
  trades: Trade[];
}

export interface Market {
  /** Base and quote asset */
  symbol: string;
  /** What is traded */
  base: string;
  /** What prices are counted in */
  quote: string;
  /** To how many decimals the base asset is kept */
  base_decimals: number;
  /** To how many decimals the quote asset is kept */
  quote_decimals: number;
  /** Smallest step of a price */
  tick_size: string;
  /** Smallest step of a quantity */
  lot_size: string;
  /** With how many decimals prices are shown */
  price_decimals: number;
  /** With how many decimals quantities are shown */
  quantity_decimals: number;
  /** Least price x quantity of an order */
  min_notional: string;
  /** Smallest quantity of an order; 0 is one lot */
  min_quantity: string;
  /** Largest quantity of an order */
  max_quantity: string;
  /** Open and pending orders of one user; 0 is no limit */
  max_open_orders: number;
  /** Stops of one user that wait for their trigger; 0 is no limit */
  max_stop_orders: number;
  /** For those without a fee tier; 0.0008 is 0.08 % */
  maker_fee_rate: string;
  /** For those without a fee tier; 0.001 is 0.1 % */
  taker_fee_rate: string;
  /** Rates by 30-day volume, lowest level first */
  fee_tiers: FeeTier[];
  /** Allowed distance from the last price; 0.1 is 10 %, 0 is no band */
  price_band: string;
  /** Middle of the price band until there is a trade */
  reference_price: string;
  /** What the market accepts */
  trading_state: "pre_open" | "continuous" | "halted" | "post_only" | "closed";
}

export interface Meta {
  /** X-Request-ID, taken from the request or made */
  request_id: string;
  /** When it was answered */
  timestamp: string;
  /** The order existed already; nothing was placed */
  idempotent_replay?: boolean;
  /** The body differed from the first one */
  payload_differs?: boolean;
}

export interface Order {
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
   * Trigger. Of a trailing stop that waits where it is now; later the one that was reached, or
   * where it began
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
  status: "pending" | "open" | "partially_filled" | "filled" | "cancelled" | "rejected" | "expired";
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
}

export interface OwnFees {
  /** The market */
  symbol: string;
  /** Of the own fee tier; null without one */
  level: number | null;
  /** Of orders that rest; 0.0006 is 0.06 % */
  maker_fee_rate: string;
  /** Of orders that trade at once */
  taker_fee_rate: string;
}

export interface OwnTrade {
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
  seq?: number;
  /** Whether the ledger has it yet */
  settlement_status?: "pending" | "retrying" | "settled" | "failed" | "resolved";
  /** The own side */
  side?: "buy" | "sell";
  /** The own role */
  role?: "maker" | "taker";
  /** The own fee, in the quote asset */
  fee?: string;
  /** The own order */
  order_id?: string;
}

export interface OwnedAsset {
  /** The asset */
  asset: string;
  /** What there is of it, available and held */
  quantity: string;
  /** Free to use */
  available: string;
  /** Held for open orders and for trades that are not settled yet */
  held: string;
  /** What that is worth at the last prices, rounded down */
  value: string | null;
  /** Share of `value` of the whole; null if either is null or zero */
  share_percent: string | null;
  /** By the last prices of which markets, two at most; none for the quote asset itself */
  markets: string[];
  /** Why `value` is null: no market leads there, or none has traded */
  reason: "NO_MARKET" | "NO_LAST_PRICE" | null;
}

export interface Pagination {
  /** Exact up to 10,000; 10,001 means more than 10,000; null with a cursor or `after` */
  total: number | null;
  /** The most a page has */
  limit: number;
  /** How many came before this page; null with a cursor or `after` */
  offset: number | null;
  /** Whether there is a next page */
  has_more: boolean;
  /** In lists that take a cursor: the one of the next page, null on the last */
  next_cursor?: string | null;
  /** With `after`: what the next request gives as `after`, at once while `has_more`, else later */
  bookmark?: string;
}

export interface Placed {
  /** The order, as committed */
  order: Order;
  /** What it traded at once, oldest first */
  trades: Trade[];
}

export interface Portfolio {
  /** The asset that `value` is in */
  quote: string;
  /** The sum of those of the assets that have one */
  value: string;
  /** What the user has, the most valuable first */
  assets: OwnedAsset[];
  /** Of each market that the user has traded in */
  positions: Position[];
  /** Positions count the trades up to here: later ones are those `after` it */
  bookmark: string;
  /**
   * false: there are more trades than one request counts; ask again at once, it goes on from here
   */
  is_complete: boolean;
}

export interface Position {
  /** The market */
  symbol: string;
  /** `buy`: more was bought than sold; `sell`: more was sold; null: as much */
  side: "buy" | "sell" | null;
  /** By how much: the position */
  quantity: string;
  /** At which the position was entered, without fees */
  average_price: string | null;
  /** What it cost, or brought if it was sold: average x quantity */
  cost: string;
  /** Of the market's last trade; null before the first */
  last_price: string | null;
  /** What closing positions has brought, before fees */
  realised_profit: string;
  /** What closing this one at the last price would bring */
  unrealised_profit: string | null;
  /** Paid on all trades */
  fees: string;
  /** Realised and unrealised, less fees */
  profit: string | null;
  /** Bought in all */
  bought_quantity: string;
  /** Sum of price x quantity of what was bought */
  bought_quote: string;
  /** Sold in all */
  sold_quantity: string;
  /** Sum of price x quantity of what was sold */
  sold_quote: string;
  /** How many trades these are */
  trade_count: number;
}

export interface PublicTrade {
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
}

export interface Token {
  access: string;
  refresh: string;
  token_type: "Bearer";
  /** Seconds until the access token expires */
  expires_in: number;
}

export interface Trade {
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
}
