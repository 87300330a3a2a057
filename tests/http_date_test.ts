/** HTTP-date as a table: text → the instant, as ISO 8601 says it, or not a date. RFC 9110 section 5.6.7. */

import { assertEquals } from "@std/assert";
import { formatHttpDate, parseHttpDate } from "../src/http_date.ts";

/** The present of the tests, unless a row has its own. */
const NOW = "2026-08-15T12:00:00Z";

const VALID: readonly [group: string, rows: readonly [text: string, expected: string, now?: string][]][] = [
  ["IMF-fixdate", [
    ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"],
    ["Wed, 31 Dec 1969 23:59:59 GMT", "1969-12-31T23:59:59Z"],
    ["Fri, 31 Dec 1999 23:59:59 GMT", "1999-12-31T23:59:59Z"],
    ["Tue, 29 Feb 2000 12:34:56 GMT", "2000-02-29T12:34:56Z"],
    ["Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00Z"],
    ["Tue, 19 Jan 2038 03:14:08 GMT", "2038-01-19T03:14:08Z"],
    ["Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z"],
    ["Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"],
    ["Sat, 01 Jan 0000 00:00:00 GMT", "0000-01-01T00:00:00Z"],
    ["Sat, 01 Jan 0050 00:00:00 GMT", "0050-01-01T00:00:00Z"],
    ["Thu, 31 Dec 0099 23:59:59 GMT", "0099-12-31T23:59:59Z"],
    ["Tue, 31 Jan 2023 00:00:00 GMT", "2023-01-31T00:00:00Z"],
    ["Tue, 28 Feb 2023 00:00:00 GMT", "2023-02-28T00:00:00Z"],
    ["Fri, 31 Mar 2023 00:00:00 GMT", "2023-03-31T00:00:00Z"],
    ["Sun, 30 Apr 2023 00:00:00 GMT", "2023-04-30T00:00:00Z"],
    ["Wed, 31 May 2023 00:00:00 GMT", "2023-05-31T00:00:00Z"],
    ["Fri, 30 Jun 2023 00:00:00 GMT", "2023-06-30T00:00:00Z"],
    ["Mon, 31 Jul 2023 00:00:00 GMT", "2023-07-31T00:00:00Z"],
    ["Thu, 31 Aug 2023 00:00:00 GMT", "2023-08-31T00:00:00Z"],
    ["Sat, 30 Sep 2023 00:00:00 GMT", "2023-09-30T00:00:00Z"],
    ["Tue, 31 Oct 2023 00:00:00 GMT", "2023-10-31T00:00:00Z"],
    ["Thu, 30 Nov 2023 00:00:00 GMT", "2023-11-30T00:00:00Z"],
    ["Sun, 31 Dec 2023 00:00:00 GMT", "2023-12-31T00:00:00Z"],
  ]],
  ["a day name that is not the right one", [
    ["Mon, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Saturday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Tue Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"],
  ]],
  ["a leap second", [
    ["Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z"],
    ["Thursday, 30-Jun-94 23:59:60 GMT", "1994-07-01T00:00:00Z"],
    ["Sat Dec 31 23:59:60 2016", "2017-01-01T00:00:00Z"],
  ]],
  ["rfc850-date", [
    ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Monday, 07-Nov-94 08:49:37 GMT", "1994-11-07T08:49:37Z"],
    ["Tuesday, 08-Nov-94 08:49:37 GMT", "1994-11-08T08:49:37Z"],
    ["Wednesday, 09-Nov-94 08:49:37 GMT", "1994-11-09T08:49:37Z"],
    ["Thursday, 10-Nov-94 08:49:37 GMT", "1994-11-10T08:49:37Z"],
    ["Friday, 11-Nov-94 08:49:37 GMT", "1994-11-11T08:49:37Z"],
    ["Saturday, 12-Nov-94 08:49:37 GMT", "1994-11-12T08:49:37Z"],
    ["Thursday, 29-Feb-24 00:00:00 GMT", "2024-02-29T00:00:00Z"],
  ]],
  ["a year of two digits: not more than 50 years ahead", [
    ["Saturday, 15-Aug-26 12:00:00 GMT", "2026-08-15T12:00:00Z"],
    ["Saturday, 01-Jan-00 00:00:00 GMT", "2000-01-01T00:00:00Z"],
    ["Sunday, 01-Jan-76 00:00:00 GMT", "2076-01-01T00:00:00Z"],
    ["Saturday, 15-Aug-76 12:00:00 GMT", "2076-08-15T12:00:00Z"],
    ["Sunday, 15-Aug-76 12:00:01 GMT", "1976-08-15T12:00:01Z"],
    ["Saturday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00Z"],
    ["Friday, 31-Dec-99 23:59:59 GMT", "1999-12-31T23:59:59Z"],
    ["Thursday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z", "2044-11-06T08:49:36Z"],
    ["Sunday, 06-Nov-94 08:49:37 GMT", "2094-11-06T08:49:37Z", "2044-11-06T08:49:37Z"],
    ["Saturday, 01-Jan-01 00:00:00 GMT", "2101-01-01T00:00:00Z", "2099-06-01T00:00:00Z"],
    ["Friday, 31-Dec-99 23:59:59 GMT", "2099-12-31T23:59:59Z", "2099-06-01T00:00:00Z"],
    ["Friday, 31-Dec-99 23:59:59 GMT", "1999-12-31T23:59:59Z", "1994-11-06T08:49:37Z"],
    ["Tuesday, 06-Nov-44 08:49:37 GMT", "2044-11-06T08:49:37Z", "1994-11-06T08:49:37Z"],
    ["Monday, 06-Nov-44 08:49:38 GMT", "1944-11-06T08:49:38Z", "1994-11-06T08:49:37Z"],
    ["Tuesday, 29-Feb-00 00:00:00 GMT", "2000-02-29T00:00:00Z", "2050-01-15T00:00:00Z"],
  ]],
  ["asctime-date", [
    ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"],
    ["Sun Nov 06 08:49:37 1994", "1994-11-06T08:49:37Z"],
    ["Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z"],
    ["Thu Jan  1 00:00:00 1970", "1970-01-01T00:00:00Z"],
    ["Thu Feb 29 23:59:59 2024", "2024-02-29T23:59:59Z"],
  ]],
];

for (const [group, rows] of VALID) {
  for (const [text, expected, now = NOW] of rows) {
    Deno.test(`parseHttpDate reads ${group}: ${text} in ${now.slice(0, 4)} (RFC 9110 section 5.6.7)`, () => {
      assertEquals(parseHttpDate(text, Date.parse(now)), Date.parse(expected));
    });
  }
}

const INVALID: readonly [group: string, texts: readonly string[]][] = [
  ["what is no date", ["", " ", "0", "784111777", "now", "undefined", "1994-11-06T08:49:37Z", "06 Nov 1994", '"a"']],
  ["a day that does not exist", [
    "Fri, 31 Feb 2023 00:00:00 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT",
    "Mon, 29 Feb 2100 00:00:00 GMT",
    "Thu, 29 Feb 1900 00:00:00 GMT",
    "Fri, 30 Feb 2024 00:00:00 GMT",
    "Mon, 31 Apr 2023 00:00:00 GMT",
    "Sat, 31 Jun 2023 00:00:00 GMT",
    "Sun, 31 Sep 2023 00:00:00 GMT",
    "Fri, 31 Nov 2023 00:00:00 GMT",
    "Sun, 00 Jan 2023 00:00:00 GMT",
    "Wed, 32 Jan 2023 00:00:00 GMT",
    "Wed, 99 Jan 2023 00:00:00 GMT",
    "Friday, 31-Feb-23 00:00:00 GMT",
    "Wednesday, 29-Feb-23 00:00:00 GMT",
    "Wed Feb 29 00:00:00 2023",
    "Sun Nov  0 08:49:37 1994",
    "Sun Nov 31 08:49:37 1994",
  ]],
  ["a time that does not exist", [
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:60 GMT",
    "Sun, 06 Nov 1994 23:58:60 GMT",
    "Sun, 06 Nov 1994 22:59:60 GMT",
    "Sun, 06 Nov 1994 23:59:61 GMT",
    "Sun, 06 Nov 1994 99:99:99 GMT",
    "Sunday, 06-Nov-94 24:00:00 GMT",
    "Sunday, 06-Nov-94 08:49:60 GMT",
    "Sun Nov  6 24:00:00 1994",
    "Sun Nov  6 08:60:37 1994",
  ]],
  ["another case", [
    "sun, 06 Nov 1994 08:49:37 GMT",
    "SUN, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 NOV 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "sunday, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 Gmt",
    "sun Nov  6 08:49:37 1994",
    "Sun nov  6 08:49:37 1994",
  ]],
  ["another zone", [
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 ",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 EST",
    "Sun, 06 Nov 1994 08:49:37 UT",
    "Sun, 06 Nov 1994 08:49:37 Z",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT+1",
    "Sunday, 06-Nov-94 08:49:37",
    "Sunday, 06-Nov-94 08:49:37 UTC",
    "Sun Nov  6 08:49:37 1994 GMT",
  ]],
  ["other white space", [
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun,  06 Nov 1994 08:49:37 GMT",
    "Sun,06 Nov 1994 08:49:37 GMT",
    "Sun, 06  Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994  08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37  GMT",
    "Sun, 06\tNov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08: 9:37 GMT",
    "Sunday,  06-Nov-94 08:49:37 GMT",
    "Sunday, 06 Nov 94 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov   6 08:49:37 1994",
    "Sun  Nov 6 08:49:37 1994",
    "Sun Nov  6  08:49:37 1994",
    "Sun Nov  6 08:49:37 1994\n",
    "Sun, 06 Nov 1994 08:49:37 GMT\n",
  ]],
  ["a part that is missing or of another length", [
    "06 Nov 1994 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun,  6 Nov 1994 08:49:37 GMT",
    "Sun, 006 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 01994 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 Nov 1994 08:49:37.0 GMT",
    "Sun, 06 11 1994 08:49:37 GMT",
    "Sun, 06 November 1994 08:49:37 GMT",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 6-Nov-94 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov  6 08:49 1994",
    "Sunday Nov  6 08:49:37 1994",
  ]],
  ["a name that does not exist", [
    "Son, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nox 1994 08:49:37 GMT",
    "Sun, 06 Abc 1994 08:49:37 GMT",
    "Sonday, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nox-94 08:49:37 GMT",
    "Son Nov  6 08:49:37 1994",
    "Sun Nox  6 08:49:37 1994",
  ]],
  ["digits that are none", [
    "Sun, 0x Nov 1994 08:49:37 GMT",
    "Sun, +6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov -994 08:49:37 GMT",
    "Sun, 06 Nov 1e31 08:49:37 GMT",
    "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 0a:49:37 GMT",
  ]],
  ["more than one date", [
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
    "Sun Nov  6 08:49:37 1994, Sun Nov  6 08:49:37 1994",
  ]],
];

for (const [group, texts] of INVALID) {
  for (const text of texts) {
    Deno.test(`parseHttpDate refuses ${group}: ${JSON.stringify(text)} (RFC 9110 section 5.6.7)`, () => {
      assertEquals(parseHttpDate(text, Date.parse(NOW)), undefined);
    });
  }
}

const FORMATTED: readonly [time: string, expected: string][] = [
  ["1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"],
  ["1994-11-06T08:49:37.999Z", "Sun, 06 Nov 1994 08:49:37 GMT"],
  ["1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"],
  ["1969-12-31T23:59:59.500Z", "Wed, 31 Dec 1969 23:59:59 GMT"],
  ["0099-12-31T23:59:59Z", "Thu, 31 Dec 0099 23:59:59 GMT"],
  ["9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"],
];

for (const [time, expected] of FORMATTED) {
  Deno.test(`formatHttpDate writes IMF-fixdate: ${time} (RFC 9110 section 5.6.7)`, () => {
    assertEquals(formatHttpDate(Date.parse(time)), expected);
  });
}

Deno.test("parseHttpDate reads what formatHttpDate writes, on every day of 28 years and more", () => {
  const DAY_MS = 86_400_000;
  for (let ms = Date.UTC(1995, 0, 1); ms < Date.UTC(2030, 0, 1); ms += DAY_MS + 61_000) {
    assertEquals(parseHttpDate(formatHttpDate(ms), ms), ms);
  }
});
