// Numbers, sizes and dates as people read them.

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** `1 byte`, `3.6 MB`: with the decimal units of storage. */
export function bytes(count) {
  if (!Number.isFinite(count)) return "unknown size";
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  if (unit === 0) return value === 1 ? "1 byte" : `${value} bytes`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** The time of today, or the day. */
export function shortDate(date) {
  if (!isDate(date)) return "unknown date";
  const today = date.toDateString() === new Date().toDateString();
  return today ? `today, ${CLOCK.format(date)}` : DAY.format(date);
}

/** Day and time. */
export function longDate(date) {
  return isDate(date) ? MOMENT.format(date) : "unknown";
}

/** `[3, 4]`; a single number has no dimensions. */
export function shape(dimensions) {
  return dimensions.length === 0 ? "scalar" : dimensions.join(" × ");
}

/** A value of a weight: four digits that count. */
export function value(number) {
  if (Number.isInteger(number) && Math.abs(number) < 1e6)
    return String(number).replace("-", "\u2212");
  const size = Math.abs(number);
  const text =
    size >= 1e-3 && size < 1e5 ? String(Number(number.toPrecision(4))) : number.toExponential(2);
  return text.replaceAll("-", "\u2212");
}

export const count = (number, one, many = `${one}s`) =>
  `${number.toLocaleString()} ${number === 1 ? one : many}`;

function isDate(date) {
  return date instanceof Date && !Number.isNaN(date.getTime());
}
