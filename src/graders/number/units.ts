/** A unit: what it measures, and how many base units it is. */
export type Unit = { readonly dimension: string; readonly factor: number };

/**
 * Names by dimension, with their factor. Left out on purpose: words that are also something else after a number (`in`,
 * `a`, `d`) and scales with another zero point, which only equal themselves.
 */
const TABLE: { readonly [dimension: string]: { readonly [names: string]: number } } = {
  percent: { '% percent pct': 1, '‰ permille': 0.1 },
  length: {
    'mm millimeter millimeters millimetre millimetres': 0.001,
    'cm centimeter centimeters centimetre centimetres': 0.01,
    'm meter meters metre metres': 1,
    'km kilometer kilometers kilometre kilometres': 1000,
    'inch inches': 0.0254,
    'ft foot feet': 0.3048,
    'yd yard yards': 0.9144,
    'mi mile miles': 1609.344,
  },
  mass: {
    'mg milligram milligrams': 0.001,
    'g gram grams': 1,
    'kg kilogram kilograms': 1000,
    't tonne tonnes': 1e6,
    'oz ounce ounces': 28.349523125,
    'lb lbs': 453.59237,
  },
  time: {
    'ms millisecond milliseconds': 0.001,
    's sec secs second seconds': 1,
    'min mins minute minutes': 60,
    'h hr hrs hour hours': 3600,
    'day days': 86_400,
    'week weeks': 604_800,
  },
  volume: {
    'ml milliliter milliliters millilitre millilitres': 0.001,
    'cl centiliter centilitre': 0.01,
    'l liter liters litre litres': 1,
  },
  data: {
    'B byte bytes': 1,
    'kB KB kilobyte kilobytes': 1e3,
    'MB megabyte megabytes': 1e6,
    'GB gigabyte gigabytes': 1e9,
    'TB terabyte terabytes': 1e12,
    KiB: 1024,
    MiB: 1024 ** 2,
    GiB: 1024 ** 3,
  },
  speed: { 'm/s': 1, 'km/h kmh kph': 1 / 3.6, mph: 0.44704 },
  energy: { J: 1, kJ: 1e3, MJ: 1e6, Wh: 3600, kWh: 3.6e6 },
  power: { W: 1, kW: 1e3, MW: 1e6 },
  celsius: { '°C celsius': 1 },
  fahrenheit: { '°F fahrenheit': 1 },
  angle: { '° deg degree degrees': 1 },
  usd: { '$ usd dollar dollars': 1, 'cent cents': 0.01 },
  eur: { '€ eur euro euros': 1 },
  gbp: { '£ gbp': 1 },
  jpy: { '¥ jpy yen': 1 },
  chf: { chf: 1 },
  inr: { '₹ inr rupee rupees': 1 },
};

const UNITS: ReadonlyMap<string, Unit> = new Map(
  Object.entries(TABLE).flatMap(([dimension, units]) =>
    Object.entries(units).flatMap(([names, factor]) =>
      names.split(' ').map((name): [string, Unit] => [name, { dimension, factor }]),
    ),
  ),
);

/** Case counts first (`MB`, `mb`), then it does not. */
export function unitOf(name: string): Unit | undefined {
  return UNITS.get(name) ?? UNITS.get(name.toLowerCase());
}
