/** All rows, in the order of the groups. */

import { BASICS } from "./groups/basics.ts";
import { CODED_VALIDATORS } from "./groups/coded_validators.ts";
import { CODINGS } from "./groups/codings.ts";
import { CONDITIONAL } from "./groups/conditional.ts";
import { CONNECTION } from "./groups/connection.ts";
import { ERRORS } from "./groups/errors.ts";
import { FIELDS } from "./groups/fields.ts";
import { FRAMING } from "./groups/framing.ts";
import { HOST } from "./groups/host.ts";
import { IF_RANGE } from "./groups/if_range.ts";
import { LARGE } from "./groups/large.ts";
import { METHODS } from "./groups/methods.ts";
import { MULTIRANGE } from "./groups/multirange.ts";
import { PATHS } from "./groups/paths.ts";
import { PRECEDENCE } from "./groups/precedence.ts";
import { RANGE } from "./groups/range.ts";
import { REQUEST_LINE } from "./groups/request_line.ts";
import { TIMEOUTS } from "./groups/timeouts.ts";
import { VALIDATORS } from "./groups/validators.ts";
import type { Row } from "./row.ts";

/** Number of core behaviours; each has at least one row. */
export const CORE_COUNT = 60;

/** All rows. */
export const ROWS: readonly Row[] = [
  ...[BASICS, VALIDATORS, CONDITIONAL, PRECEDENCE, RANGE, MULTIRANGE, IF_RANGE, LARGE, CODINGS, CODED_VALIDATORS],
  ...[REQUEST_LINE, HOST, FIELDS, FRAMING, CONNECTION, METHODS, PATHS, ERRORS, TIMEOUTS],
].flat();
