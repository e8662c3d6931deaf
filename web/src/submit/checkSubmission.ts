// What may be submitted, checked as one types. The words are those of the server, which checks everything again.
import * as v from "valibot";
import { type FieldProblems, problemsOf } from "../ui/validation";
import { type FieldName, type SubmissionFields, typeList } from "./submission";

const GPUS = 4096;
const PRIORITY = 1000;
const RETRIES = 100;
const YEAR_MINUTES = 365 * 24 * 60;
const DAY_SECONDS = 86_400;
const NAME_CHARS = 200;
export const MOST_COPIES = 1000;

const text = v.pipe(v.string(), v.trim());

const whole = (otherwise: number, least: number, most: number) =>
  v.pipe(
    text,
    v.transform((typed) => (typed === "" ? otherwise : Number(typed))),
    v.number("must be a number"),
    v.integer("must be a whole number"),
    v.minValue(least, `must be ${least} to ${most}`),
    v.maxValue(most, `must be ${least} to ${most}`),
  );

const amount = (most: number) =>
  v.pipe(
    text,
    v.transform((typed) => (typed === "" ? null : Number(typed))),
    v.nullable(v.pipe(v.number("must be a number"), v.gtValue(0, "must be more than 0"), v.maxValue(most, `must be at most ${most.toLocaleString("en")}`))),
  );

const pairs = v.pipe(
  text,
  v.transform((typed) => typed.split("\n").map((line) => line.trim()).filter((line) => line !== "")),
  v.array(v.pipe(v.string(), v.regex(/^[^=]+=/, "must be one key=value a line"))),
  v.transform((lines) => lines.map(pair)),
);

const yes = v.pipe(v.string(), v.transform((typed) => typed === "yes"));

const FORM = v.pipe(
  v.object({
    name: v.pipe(text, v.nonEmpty("must not be blank"), v.maxLength(NAME_CHARS, `must be at most ${NAME_CHARS} characters`)),
    modelType: text,
    gpus: whole(1, 1, GPUS),
    gpuTypes: v.pipe(text, v.transform(typeList)),
    minMemoryGb: amount(10_000),
    command: text,
    priority: whole(0, -PRIORITY, PRIORITY),
    timeLimitMinutes: amount(YEAR_MINUTES),
    maxRetries: whole(0, 0, RETRIES),
    retryPause: v.pipe(text, v.regex(/^\d*$/, "must be a whole number"), v.transform((typed) => (typed === "" ? null : Number(typed))), v.nullable(v.pipe(v.number(), v.maxValue(DAY_SECONDS, "must be 0 to 86400")))),
    workdir: v.pipe(text, v.regex(/^(\/.*)?$/, "must be an absolute path")),
    image: text,
    labels: pairs,
    env: pairs,
    share: amount(100),
    cpus: amount(1e6),
    memoryGb: amount(1e6),
    hostLabels: pairs,
    spread: yes,
    hold: yes,
    times: whole(1, 1, MOST_COPIES),
  }),
  v.forward(
    v.check(({ gpus, share }) => share === null || share === 100 || gpus === 1, "only one GPU can be shared"),
    ["share"],
  ),
);

export type CheckedSubmission = v.InferOutput<typeof FORM>;

export type Checked =
  | { readonly submission: CheckedSubmission; readonly problems?: undefined }
  | { readonly submission?: undefined; readonly problems: FieldProblems<FieldName> };

export function checkSubmission(fields: SubmissionFields): Checked {
  const result = v.safeParse(FORM, fields);
  return result.success ? { submission: result.output } : { problems: problemsOf(result.issues) };
}

function pair(line: string): { readonly key: string; readonly value: string } {
  const at = line.indexOf("=");
  return { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
}
