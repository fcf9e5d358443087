// What indicators calculate of the closing prices of candles. A formula goes from candle to candle:
// `keep` takes one that is over, `at` says what the values are if the newest closes here, as often
// as that changes. Values are null until there are enough candles. Floats, for the eye only. No
// input or output.

/** @typedef {Record<string, number>} Numbers What is set of an indicator, by name. */
/** @typedef {(number | null)[]} Values */
/** @typedef {{ at: (close: number) => Values, keep: (close: number) => void }} Formula */

/** The last values of a series, so many of them with the one that is asked about. */
class Window {
  /** @param {number} length */
  constructor(length) {
    this.length = length;
    /** @type {number[]} */
    this.before = [];
  }

  /**
   * All values with this one at the end; null while there are too few.
   *
   * @param {number} value
   */
  with(value) {
    return this.before.length === this.length - 1 ? [...this.before, value] : null;
  }

  /** @param {number} value */
  keep(value) {
    this.before.push(value);
    if (this.before.length >= this.length) this.before.shift();
  }
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The simple moving average (SMA).
 *
 * @implements {Formula}
 */
export class SimpleAverage {
  /** @param {Numbers} numbers */
  constructor({ length }) {
    this.window = new Window(length);
  }

  /**
   * @param {number} close
   * @returns {Values}
   */
  at(close) {
    const values = this.window.with(close);
    return [values && mean(values)];
  }

  /** @param {number} close */
  keep(close) {
    this.window.keep(close);
  }
}

/** An average in which older values fade; it begins with the simple average of the first ones. */
class FadingAverage {
  /**
   * @param {number} length
   * @param {number} weight Of the newest value.
   */
  constructor(length, weight) {
    this.weight = weight;
    this.seed = new Window(length);
    /** @type {number | null} */
    this.value = null;
  }

  /** @param {number} newest */
  at(newest) {
    if (this.value !== null) return this.value + this.weight * (newest - this.value);
    const values = this.seed.with(newest);
    return values && mean(values);
  }

  /** @param {number} newest */
  keep(newest) {
    const { value } = this;
    this.value = this.at(newest);
    if (value === null) this.seed.keep(newest);
  }
}

/** @param {number} length */
function exponential(length) {
  return new FadingAverage(length, 2 / (length + 1));
}

/**
 * The exponential moving average (EMA).
 *
 * @implements {Formula}
 */
export class ExponentialAverage {
  /** @param {Numbers} numbers */
  constructor({ length }) {
    this.average = exponential(length);
  }

  /**
   * @param {number} close
   * @returns {Values}
   */
  at(close) {
    return [this.average.at(close)];
  }

  /** @param {number} close */
  keep(close) {
    this.average.keep(close);
  }
}

/**
 * John Bollinger's bands: the simple average, and so many standard deviations (of the population)
 * above and below it.
 *
 * @implements {Formula}
 */
export class BollingerBands {
  /** @param {Numbers} numbers */
  constructor({ length, deviations }) {
    this.window = new Window(length);
    this.deviations = deviations;
  }

  /**
   * Middle, upper and lower.
   *
   * @param {number} close
   * @returns {Values}
   */
  at(close) {
    const values = this.window.with(close);
    if (!values) return [null, null, null];
    const middle = mean(values);
    const width = this.deviations * Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
    return [middle, middle + width, middle - width];
  }

  /** @param {number} close */
  keep(close) {
    this.window.keep(close);
  }
}

/**
 * Welles Wilder's relative strength index (RSI), from 0 to 100; 50 while nothing moves.
 *
 * @implements {Formula}
 */
export class RelativeStrength {
  /** @param {Numbers} numbers */
  constructor({ length }) {
    this.gains = new FadingAverage(length, 1 / length);
    this.losses = new FadingAverage(length, 1 / length);
    /** @type {number | null} */
    this.before = null;
  }

  /**
   * @param {number} close
   * @returns {Values}
   */
  at(close) {
    if (this.before === null) return [null];
    const gain = this.gains.at(Math.max(close - this.before, 0));
    const loss = this.losses.at(Math.max(this.before - close, 0));
    if (gain === null || loss === null) return [null];
    return [gain + loss === 0 ? 50 : (100 * gain) / (gain + loss)];
  }

  /** @param {number} close */
  keep(close) {
    if (this.before !== null) {
      this.gains.keep(Math.max(close - this.before, 0));
      this.losses.keep(Math.max(this.before - close, 0));
    }
    this.before = close;
  }
}

/**
 * Gerald Appel's moving average convergence/divergence (MACD).
 *
 * @implements {Formula}
 */
export class AverageDivergence {
  /** @param {Numbers} numbers */
  constructor({ fast, slow, signal }) {
    this.fast = exponential(fast);
    this.slow = exponential(slow);
    this.signal = exponential(signal);
  }

  /**
   * The difference of the averages, its own average, and how far these are apart.
   *
   * @param {number} close
   * @returns {Values}
   */
  at(close) {
    const difference = this.difference(close);
    const signal = difference === null ? null : this.signal.at(difference);
    const distance = difference === null || signal === null ? null : difference - signal;
    return [difference, signal, distance];
  }

  /** @param {number} close */
  keep(close) {
    const difference = this.difference(close);
    if (difference !== null) this.signal.keep(difference);
    this.fast.keep(close);
    this.slow.keep(close);
  }

  /** @param {number} close */
  difference(close) {
    const [fast, slow] = [this.fast.at(close), this.slow.at(close)];
    return fast === null || slow === null ? null : fast - slow;
  }
}
