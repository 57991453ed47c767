/** Numbers and times as people read them, each with its unit. */

const THIN_SPACE = "\u202f";

/** 12345 → "12 345" */
export function grouped(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);
}

/** 0.5 → "50 %", 0.004 → "0.4 %". Neither 0 % nor 100 % is said of what only comes near. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return `< 0.1${THIN_SPACE}%`;
  if (value > 99 && value < 100) return `${(Math.floor(value * 10) / 10).toFixed(1)}${THIN_SPACE}%`;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)}${THIN_SPACE}%`;
}

/** Seconds left as "29:59"; what has run out is "0:00". */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

/** A length of time as "45 s", "3 min" or "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "2026-05-29" of an ISO time, in UTC; "no date" where there is none. */
export function day(datetime: string | null): string {
  return datetime ? datetime.slice(0, 10) : "no date";
}

/** "29 May, 14:32" in the person's own time zone. */
export function moment(datetime: string): string {
  const at = new Date(datetime);
  const date = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return `${date}, ${clockTime(at.getTime())}`;
}

/** "14:32" in the person's own time zone. */
export function clockTime(milliseconds: number): string {
  return new Date(milliseconds).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

/** "1 tile", "2 tiles" */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${grouped(number)} ${number === 1 ? one : many}`;
}
