"""Scenarios as data: 0.1 % fee for both sides, band of 10 % around 100 until there is a trade."""

from tests.integration.api.stage import (
    TIME,
    Step,
    amend,
    bracket,
    buy,
    cancel,
    cancel_after,
    cancel_all,
    oco,
    sell,
)

STOP_TRIGGERS_BY_A_TRADE = [
    Step(buy("outsider", "support", "2", "95"), {"support": "open"}, {"outsider": ("0", "0", "0", "190.19")}),
    Step(buy("maker", "bid", "1", "98"), {"bid": "open"}, {"maker": ("0", "0", "0", "98.098")}),
    Step(
        sell("taker", "stop", "1", type="stop", stop_price="98"),
        {"stop": "pending"},
        {"taker": ("0", "1", "0", "0")},
        bids="1 @ 98, 2 @ 95",
        asks="",
    ),
    Step(  # 98 is traded, so the stop sells at market: to the support, 3 below its trigger
        sell("outsider", "hit", "1"),
        {"hit": "filled 1", "bid": "filled 1", "stop": "filled 1", "support": "partially_filled 1"},
        {
            "outsider": ("0", "0", "2.807", "95.095"),
            "maker": ("1", "0", "-98.098", "0"),
            "taker": ("-1", "0", "94.905", "0"),
        },
        bids="1 @ 95",
    ),
    Step(cancel("outsider", "support"), {"support": "cancelled 1"}, {"outsider": ("0", "0", "2.807", "0")}, bids=""),
]

STOP_LIMIT_RESTS_AFTER_ITS_TRIGGER = [
    Step(sell("maker", "ask", "1", "102"), {"ask": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(
        buy("taker", "stop", "2", "101", type="stop_limit", stop_price="102"),
        {"stop": "pending"},
        {"taker": ("0", "0", "0", "202.202")},
        bids="",
    ),
    Step(
        buy("outsider", "lift", "1", "102"),
        {"lift": "filled 1", "ask": "filled 1", "stop": "open"},
        {"outsider": ("1", "0", "-102.102", "0"), "maker": ("-1", "0", "101.898", "0")},
        bids="2 @ 101",
    ),
    Step(
        sell("maker", "hit", "1", "101", time_in_force="ioc"),
        {"hit": "filled 1", "stop": "partially_filled 1"},
        {"maker": ("-2", "0", "202.797", "0"), "taker": ("1", "0", "-101.101", "101.101")},
        bids="1 @ 101",
    ),
    Step(cancel("taker", "stop"), {"stop": "cancelled 1"}, {"taker": ("1", "0", "-101.101", "0")}),
]

TRAILING_STOP_FOLLOWS_THE_PRICE = [
    Step(sell("maker", "first", "1", "100"), {"first": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(
        buy("outsider", "lift", "1", "100"),
        {"first": "filled 1", "lift": "filled 1"},
        {"maker": ("-1", "0", "99.9", "0"), "outsider": ("1", "0", "-100.1", "0")},
    ),
    Step(  # its stop is at 98 now
        sell("taker", "trail", "1", type="trailing_stop", trailing_amount="2"),
        {"trail": "pending"},
        {"taker": ("0", "1", "0", "0")},
    ),
    Step(sell("maker", "higher", "1", "103"), {"higher": "open"}, {"maker": ("-1", "1", "99.9", "0")}),
    Step(  # and at 101 from here on
        buy("outsider", "lift again", "1", "103"),
        {"higher": "filled 1", "lift again": "filled 1"},
        {"maker": ("-2", "0", "202.797", "0"), "outsider": ("2", "0", "-203.203", "0")},
    ),
    Step(buy("maker", "bids", "3", "101"), {"bids": "open"}, {"maker": ("-2", "0", "202.797", "303.303")}),
    Step(
        sell("outsider", "hit", "1", "101"),
        {"hit": "filled 1", "trail": "filled 1", "bids": "partially_filled 2"},
        {
            "outsider": ("1", "0", "-102.304", "0"),
            "taker": ("-1", "0", "100.899", "0"),
            "maker": ("0", "0", "0.595", "101.101"),
        },
    ),
]

TAKE_PROFITS_WAIT_FOR_THE_OTHER_DIRECTION = [
    Step(
        sell("taker", "gain", "1", "104", type="take_profit_limit", stop_price="105"),
        {"gain": "pending"},
        {"taker": ("0", "1", "0", "0")},
    ),
    Step(  # a stop to buy at market holds for its protection price: 95 + 10 %
        buy("outsider", "dip", "1", type="take_profit", stop_price="95"),
        {"dip": "pending"},
        {"outsider": ("0", "0", "0", "104.6045")},
    ),
    Step(buy("maker", "bid", "2", "105"), {"bid": "open"}, {"maker": ("0", "0", "0", "210.21")}),
    Step(
        sell("outsider", "hit", "1", "105"),
        {"hit": "filled 1", "gain": "filled 1", "bid": "filled 2"},
        {
            "outsider": ("-1", "0", "104.895", "104.6045"),
            "maker": ("2", "0", "-210.21", "0"),
            "taker": ("-1", "0", "104.895", "0"),
        },
    ),
    Step(cancel_all("outsider"), {"dip": "cancelled"}, {"outsider": ("-1", "0", "104.895", "0")}),
]

ICEBERG_IS_REFILLED_AT_THE_END_OF_THE_QUEUE = [
    Step(
        sell("maker", "iceberg", "3", "100", display_quantity="1"),
        {"iceberg": "open"},
        {"maker": ("0", "3", "0", "0")},
        asks="1 @ 100",
    ),
    Step(
        sell("outsider", "behind", "1", "100"), {"behind": "open"}, {"outsider": ("0", "1", "0", "0")}, asks="2 @ 100"
    ),
    Step(
        buy("taker", "first", "1", "100"),
        {"first": "filled 1", "iceberg": "partially_filled 1"},
        {"maker": ("-1", "2", "99.9", "0"), "taker": ("1", "0", "-100.1", "0")},
        asks="2 @ 100",
    ),
    Step(
        buy("taker", "second", "1", "100"),
        {"second": "filled 1", "behind": "filled 1"},
        {"outsider": ("-1", "0", "99.9", "0"), "taker": ("2", "0", "-200.2", "0")},
        asks="1 @ 100",
    ),
    Step(
        buy("taker", "rest", "3", "100"),
        {"rest": "partially_filled 2", "iceberg": "filled 3"},
        {"maker": ("-3", "0", "299.7", "0"), "taker": ("4", "0", "-400.4", "100.1")},
        asks="",
        bids="1 @ 100",
    ),
]

OCO_TO_SELL_BY_ITS_LIMIT = [
    Step(
        oco("taker", ("limit", "stop"), "sell", "2", "104", "96"),
        {"limit": "open", "stop": "pending"},
        {"taker": ("0", "2", "0", "0")},  # held once
        asks="2 @ 104",
    ),
    Step(
        buy("outsider", "lift", "0.5", "104"),
        {"lift": "filled 0.5", "limit": "partially_filled 0.5", "stop": "cancelled LINKED"},
        {"outsider": ("0.5", "0", "-52.052", "0"), "taker": ("-0.5", "1.5", "51.948", "0")},
        asks="1.5 @ 104",
    ),
    Step(cancel("taker", "limit"), {"limit": "cancelled 0.5"}, {"taker": ("-0.5", "0", "51.948", "0")}),
]

OCO_TO_BUY_BY_ITS_STOP = [
    Step(  # holds for its stop: 105 + 10 %
        oco("taker", ("limit", "stop"), "buy", "1", "95", "105"),
        {"limit": "open", "stop": "pending"},
        {"taker": ("0", "0", "0", "115.6155")},
        bids="1 @ 95",
    ),
    Step(sell("maker", "ask", "1", "105"), {"ask": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(sell("maker", "next", "1", "106"), {"next": "open"}, {"maker": ("0", "2", "0", "0")}),
    Step(
        buy("outsider", "lift", "1", "105"),
        {
            "lift": "filled 1",
            "ask": "filled 1",
            "limit": "cancelled LINKED",
            "stop": "filled 1",
            "next": "filled 1",
        },
        {
            "outsider": ("1", "0", "-105.105", "0"),
            "maker": ("-2", "0", "210.789", "0"),
            "taker": ("1", "0", "-106.106", "0"),
        },
        bids="",
        asks="",
    ),
]

OCO_ENDS_WITH_EITHER = [
    Step(
        oco("taker", ("limit", "stop"), "sell", "1", "104", "96", stop_limit_price="95.5", expire_in=120),
        {"limit": "open", "stop": "pending"},
        {"taker": ("0", "1", "0", "0")},
    ),
    Step(
        cancel("taker", "stop"),
        {"stop": "cancelled", "limit": "cancelled LINKED"},
        {"taker": ("0", "0", "0", "0")},
        asks="",
    ),
]

BRACKET_WITH_A_GAIN = [
    Step(sell("maker", "ask", "1", "100"), {"ask": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(  # the entry trades at once; when that is settled the exits hold what it bought, once
        bracket("taker", "buy", "1", "100", "104", "96"),
        {"entry": "filled 1", "ask": "filled 1", "gain": "open", "loss": "pending"},
        {"maker": ("-1", "0", "99.9", "0"), "taker": ("1", "1", "-100.1", "0")},
        asks="1 @ 104",
    ),
    Step(
        buy("outsider", "lift", "1", "104"),
        {"lift": "filled 1", "gain": "filled 1", "loss": "cancelled LINKED"},
        {"outsider": ("1", "0", "-104.104", "0"), "taker": ("0", "0", "3.796", "0")},
    ),
]

BRACKET_WITH_A_LOSS = [
    Step(
        bracket("taker", "buy", "2", "99", "104", "96"),
        {"entry": "open", "gain": "pending", "loss": "pending"},
        {"taker": ("0", "0", "0", "198.198")},
        bids="2 @ 99",
        asks="",
    ),
    Step(
        sell("maker", "hit", "1", "99"),
        {"hit": "filled 1", "entry": "partially_filled 1"},
        {"maker": ("-1", "0", "98.901", "0"), "taker": ("1", "0", "-99.099", "99.099")},
    ),
    Step(  # its exits are for what was filled
        cancel("taker", "entry"),
        {"entry": "cancelled 1", "gain": "open", "loss": "pending"},
        {"taker": ("1", "1", "-99.099", "0")},
        asks="1 @ 104",
        bids="",
    ),
    Step(buy("maker", "bids", "2", "96"), {"bids": "open"}, {"maker": ("-1", "0", "98.901", "192.192")}),
    Step(
        sell("outsider", "fall", "1", "96"),
        {"fall": "filled 1", "loss": "filled 1", "gain": "cancelled LINKED", "bids": "filled 2"},
        {
            "outsider": ("-1", "0", "95.904", "0"),
            "taker": ("0", "0", "-3.195", "0"),
            "maker": ("1", "0", "-93.291", "0"),
        },
        asks="",
    ),
]

BRACKET_WITHOUT_AN_ENTRY = [
    Step(
        bracket("taker", "sell", "2", "101", "96", "104"),
        {"entry": "open", "gain": "pending", "loss": "pending"},
        {"taker": ("0", "2", "0", "0")},
    ),
    Step(
        cancel("taker", "entry"),
        {"entry": "cancelled", "gain": "cancelled LINKED", "loss": "cancelled LINKED"},
        {"taker": ("0", "0", "0", "0")},
    ),
]

BRACKET_WITH_A_MARKET_ENTRY = [
    Step(buy("maker", "bid", "1", "100"), {"bid": "open"}, {"maker": ("0", "0", "0", "100.1")}),
    Step(  # short: the exits buy back, and hold for the stop-loss: 104 + 10 %
        bracket("taker", "sell", "2", None, "96", "104"),
        {"entry": "cancelled 1 MARKET_REMAINDER", "bid": "filled 1", "gain": "open", "loss": "pending"},
        {"maker": ("1", "0", "-100.1", "0"), "taker": ("-1", "0", "99.9", "114.5144")},
        bids="1 @ 96",
    ),
    Step(
        cancel("taker", "gain"),
        {"gain": "cancelled", "loss": "cancelled LINKED"},
        {"taker": ("-1", "0", "99.9", "0")},
    ),
]

AMEND_DOWN_UP_AND_ACROSS = [
    Step(sell("maker", "ask", "2", "101"), {"ask": "open"}, {"maker": ("0", "2", "0", "0")}),
    Step(sell("outsider", "behind", "1", "101"), {"behind": "open"}, {"outsider": ("0", "1", "0", "0")}),
    Step(amend("maker", "ask", quantity="1"), {}, {"maker": ("0", "1", "0", "0")}, asks="2 @ 101"),
    Step(  # less kept its place
        buy("taker", "first", "1", "101"),
        {"first": "filled 1", "ask": "filled 1"},
        {"maker": ("-1", "0", "100.899", "0"), "taker": ("1", "0", "-101.101", "0")},
    ),
    Step(buy("taker", "bid", "1", "99"), {"bid": "open"}, {"taker": ("1", "0", "-101.101", "99.099")}),
    Step(buy("maker", "other", "1", "99"), {"other": "open"}, {"maker": ("-1", "0", "100.899", "99.099")}),
    Step(amend("taker", "bid", quantity="2"), {}, {"taker": ("1", "0", "-101.101", "198.198")}, bids="3 @ 99"),
    Step(  # more did not
        sell("outsider", "hit", "1", "99"),
        {"hit": "filled 1", "other": "filled 1"},
        {"outsider": ("-1", "1", "98.901", "0"), "maker": ("0", "0", "1.8", "0")},
        bids="2 @ 99",
    ),
    Step(  # a price that crosses trades at once, at the other one's price
        amend("outsider", "behind", price="98.5", quantity="3"),
        {"behind": "partially_filled 2", "bid": "filled 2"},
        {"outsider": ("-3", "1", "296.703", "0"), "taker": ("3", "0", "-299.299", "0")},
        asks="1 @ 98.5",
        bids="",
    ),
    Step(amend("outsider", "behind", price="103"), {}, {}, asks="1 @ 103"),
]

AMEND_WHAT_WAITS = [
    Step(
        buy("taker", "stop", "1", "106", type="stop_limit", stop_price="105"),
        {"stop": "pending"},
        {"taker": ("0", "0", "0", "106.106")},
    ),
    Step(amend("taker", "stop", quantity="2", price="107"), {}, {"taker": ("0", "0", "0", "214.214")}),
    Step(amend("taker", "stop", quantity="0.5"), {}, {"taker": ("0", "0", "0", "53.5535")}),
    Step(amend("taker", "stop", stop_price="110", price="112"), {}, {"taker": ("0", "0", "0", "56.056")}),
    Step(cancel("taker", "stop"), {"stop": "cancelled"}, {"taker": ("0", "0", "0", "0")}),
]

AMEND_WHAT_BELONGS_TOGETHER = [
    Step(oco("taker", ("low", "high"), "buy", "1", "95", "105"), {}, {"taker": ("0", "0", "0", "115.6155")}),
    Step(amend("taker", "high", stop_price="104"), {}, {"taker": ("0", "0", "0", "114.5144")}, bids="1 @ 95"),
    Step(amend("taker", "low", price="96"), {}, {}, bids="1 @ 96"),
    Step(amend("taker", "high", quantity="2"), {}, {"taker": ("0", "0", "0", "229.0288")}, bids="2 @ 96"),
    Step(amend("taker", "low", quantity="0.5"), {}, {"taker": ("0", "0", "0", "57.2572")}, bids="0.5 @ 96"),
    Step(  # the group is one still
        cancel("taker", "low"),
        {"low": "cancelled", "high": "cancelled LINKED"},
        {"taker": ("0", "0", "0", "0")},
        bids="",
    ),
    Step(bracket("taker", "buy", "1", "99", "105", "95"), {}, {"taker": ("0", "0", "0", "99.099")}, bids="1 @ 99"),
    Step(amend("taker", "gain", price="104"), {}, {}),
    Step(amend("taker", "loss", stop_price="96"), {}, {}),
    Step(amend("taker", "entry", price="98", quantity="2"), {}, {"taker": ("0", "0", "0", "196.196")}, bids="2 @ 98"),
    Step(
        cancel("taker", "entry"),
        {"entry": "cancelled", "gain": "cancelled LINKED", "loss": "cancelled LINKED"},
        {"taker": ("0", "0", "0", "0")},
        bids="",
    ),
]

_OWN_BEHIND_THE_MAKER = [
    Step(sell("maker", "ask", "1", "100"), {"ask": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(sell("taker", "own", "3", "101"), {"own": "open"}, {"taker": ("0", "3", "0", "0")}),
]
_SOLD = ("-1", "0", "99.9", "0")

CANCEL_NEWEST = [
    *_OWN_BEHIND_THE_MAKER,
    Step(
        buy("taker", "bid", "2", "101"),
        {"bid": "cancelled 1 SELF_TRADE", "ask": "filled 1"},
        {"maker": _SOLD, "taker": ("1", "3", "-100.1", "0")},
        asks="3 @ 101",
        bids="",
    ),
]
CANCEL_OLDEST = [
    *_OWN_BEHIND_THE_MAKER,
    Step(
        buy("taker", "bid", "2", "101", self_trade_prevention="cancel_oldest"),
        {"bid": "partially_filled 1", "own": "cancelled SELF_TRADE", "ask": "filled 1"},
        {"maker": _SOLD, "taker": ("1", "0", "-100.1", "101.101")},
        asks="",
        bids="1 @ 101",
    ),
]
CANCEL_BOTH = [
    *_OWN_BEHIND_THE_MAKER,
    Step(
        buy("taker", "bid", "2", "101", self_trade_prevention="cancel_both"),
        {"bid": "cancelled 1 SELF_TRADE", "own": "cancelled SELF_TRADE", "ask": "filled 1"},
        {"maker": _SOLD, "taker": ("1", "0", "-100.1", "0")},
        asks="",
        bids="",
    ),
]
DECREMENT = [
    *_OWN_BEHIND_THE_MAKER,
    Step(
        buy("taker", "bid", "2", "101", self_trade_prevention="decrement"),
        {"bid": "cancelled 1 SELF_TRADE", "ask": "filled 1"},
        {"maker": _SOLD, "taker": ("1", "2", "-100.1", "0")},
        asks="2 @ 101",
        bids="",
    ),
]

LIMIT_GOOD_TILL_DATE = [
    Step(buy("maker", "other", "1", "98"), {"other": "open"}, {"maker": ("0", "0", "0", "98.098")}),
    Step(
        buy("maker", "bid", "1", "99", expire_in=2),
        {"bid": "open"},
        {"maker": ("0", "0", "0", "197.197")},
        bids="1 @ 99, 1 @ 98",
        is_fleeting=True,
    ),
    Step(TIME, {"bid": "expired"}, {"maker": ("0", "0", "0", "98.098")}, bids="1 @ 98"),
]

STOP_GOOD_TILL_DATE = [
    Step(
        sell("taker", "stop", "1", type="stop", stop_price="95", expire_in=2),
        {"stop": "pending"},
        {"taker": ("0", "1", "0", "0")},
        is_fleeting=True,
    ),
    Step(TIME, {"stop": "expired"}, {"taker": ("0", "0", "0", "0")}),
]

POST_ONLY_BEHIND_THE_TOUCH = [
    Step(sell("maker", "ask", "1", "100"), {"ask": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(  # holds for the price it got, not for the one it asked for
        buy("taker", "bid", "1", "101", post_only=True, reprice=True),
        {"bid": "open"},
        {"taker": ("0", "0", "0", "100.08999")},
        bids="1 @ 99.99",
        asks="1 @ 100",
    ),
    Step(cancel_all("taker"), {"bid": "cancelled"}, {"taker": ("0", "0", "0", "0")}, bids=""),
]

OPENING_AUCTION = [
    Step(sell("maker", "cheap", "1", "99"), {"cheap": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(buy("taker", "keen", "2", "101"), {"keen": "open"}, {"taker": ("0", "0", "0", "202.202")}),
    Step(
        sell("outsider", "fair", "1", "100"),
        {"fair": "open"},
        {"outsider": ("0", "1", "0", "0")},
        bids="2 @ 101",
        asks="1 @ 99, 1 @ 100",
    ),
    Step(buy("maker", "low", "1", "98"), {"low": "open"}, {"maker": ("0", "1", "0", "98.098")}),
    Step(  # 2 can trade at 100 and at 101; 100 is the reference price
        "continuous",
        {"cheap": "filled 1", "fair": "filled 1", "keen": "filled 2"},
        {
            "maker": ("-1", "0", "99.9", "98.098"),
            "taker": ("2", "0", "-200.2", "0"),
            "outsider": ("-1", "0", "99.9", "0"),
        },
        bids="1 @ 98",
        asks="",
    ),
]

DEAD_MANS_SWITCH = [
    Step(buy("maker", "bid", "1", "99"), {"bid": "open"}, {"maker": ("0", "0", "0", "99.099")}),
    Step(
        sell("maker", "stop", "1", type="stop", stop_price="95"),
        {"stop": "pending"},
        {"maker": ("0", "1", "0", "99.099")},
    ),
    Step(buy("taker", "other", "1", "98"), {"other": "open"}, {"taker": ("0", "0", "0", "98.098")}),
    Step(cancel_after("taker", 60_000)),
    Step(cancel_after("taker", 0)),
    Step(cancel_after("maker", 1_500), is_fleeting=True),
    Step(
        TIME,
        {"bid": "cancelled CANCEL_AFTER", "stop": "cancelled CANCEL_AFTER"},
        {"maker": ("0", "0", "0", "0")},
        bids="1 @ 98",
    ),
]

MARKET_BUY_BY_BUDGET = [
    Step(sell("maker", "asks", "1", "100"), {"asks": "open"}, {"maker": ("0", "1", "0", "0")}),
    Step(sell("maker", "more", "5", "103"), {"more": "open"}, {"maker": ("0", "6", "0", "0")}),
    Step(  # 250 less the fee buys 1 at 100 and 1.453 at 103: 249.659, and 0.249659 fee
        buy("taker", "budget", None, quote_quantity="250"),
        {"budget": "filled 2.453", "asks": "filled 1", "more": "partially_filled 1.453"},
        {"maker": ("-2.453", "3.547", "249.409341", "0"), "taker": ("2.453", "0", "-249.908659", "0")},
    ),
]

SCENARIOS = {
    "stop triggers by a trade": STOP_TRIGGERS_BY_A_TRADE,
    "stop limit rests after its trigger": STOP_LIMIT_RESTS_AFTER_ITS_TRIGGER,
    "trailing stop follows the price": TRAILING_STOP_FOLLOWS_THE_PRICE,
    "take profits wait for the other direction": TAKE_PROFITS_WAIT_FOR_THE_OTHER_DIRECTION,
    "iceberg is refilled at the end of the queue": ICEBERG_IS_REFILLED_AT_THE_END_OF_THE_QUEUE,
    "oco to sell by its limit": OCO_TO_SELL_BY_ITS_LIMIT,
    "oco to buy by its stop": OCO_TO_BUY_BY_ITS_STOP,
    "oco ends with either": OCO_ENDS_WITH_EITHER,
    "bracket with a gain": BRACKET_WITH_A_GAIN,
    "bracket with a loss": BRACKET_WITH_A_LOSS,
    "bracket without an entry": BRACKET_WITHOUT_AN_ENTRY,
    "bracket with a market entry": BRACKET_WITH_A_MARKET_ENTRY,
    "amend down up and across": AMEND_DOWN_UP_AND_ACROSS,
    "amend what waits": AMEND_WHAT_WAITS,
    "amend what belongs together": AMEND_WHAT_BELONGS_TOGETHER,
    "cancel newest": CANCEL_NEWEST,
    "cancel oldest": CANCEL_OLDEST,
    "cancel both": CANCEL_BOTH,
    "decrement": DECREMENT,
    "limit good till date": LIMIT_GOOD_TILL_DATE,
    "stop good till date": STOP_GOOD_TILL_DATE,
    "post only behind the touch": POST_ONLY_BEHIND_THE_TOUCH,
    "opening auction": OPENING_AUCTION,
    "dead mans switch": DEAD_MANS_SWITCH,
    "market buy by budget": MARKET_BUY_BY_BUDGET,
}
