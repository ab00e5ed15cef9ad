
/* --- strangers' text
 *
 * Names in certificates are whatever their makers wrote. What a reader could
 * not see, or what would reorder or overprint other text, is shown as its code.
 */

const UNSEEN = new RegExp("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}" +
	"\\p{DI}\\u2800]|(?! )\\p{Zs}", "gu");
const STACKED = /(\p{M}{3})\p{M}+/gu; /* marks that pile up over other lines */

function plain(value) {
	return String(value ?? "")
		.replace(UNSEEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`)
		.replace(STACKED, "$1\u2026");
}

function text_of(value) {
	return typeof value === "string" ? plain(value) : "";
}

/* "1 request", "5 requests" */
function many(n, one, more) {
	return `${count(n)} ${n === 1 ? one : more || `${one}s`}`;
}

function bytes_of(text) {
	return new TextEncoder().encode(text).length;
}

/* Groups of four, which people compare. */
function in_fours(hex) {
	return hex.replace(/(.{4})(?=.)/g, "$1 ");
}
