// A client generated from schema.graphql: a program that uses it does what it says, and a wrong one does not compile.
import { join } from "node:path";
import { generate } from "@graphql-codegen/cli";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { useServer } from "../harness/world.ts";
import { Connection } from "../program/connection.ts";
import { submitAndFollow } from "../program/submitAndFollow.ts";

const ROOT = join(import.meta.dirname, "..");
const SCHEMA = join(ROOT, "../../schema.graphql");

describe("the program", () => {
  const world = useServer();

  test("follows a job that does well", async () => {
    const { end, lines } = await run(["/bin/sh", "-c", "echo one; echo two"]);
    expect(end).toEqual({ status: "SUCCEEDED", exitCode: 0 });
    expect(lines).toEqual(["one", "two"]);
  });

  test("follows a job that fails", async () => {
    const { end, lines } = await run(["/bin/sh", "-c", "echo no luck >&2; exit 3"]);
    expect(end).toEqual({ status: "FAILED", exitCode: 3 });
    expect(lines).toEqual(["! no luck"]);
  });

  async function run(command: string[]): Promise<{ end: unknown; lines: readonly string[] }> {
    const lines: string[] = [];
    const connection = new Connection(world.server.origin, world.server.token);
    const end = await submitAndFollow(connection, { name: "typed", command }, (line) => lines.push(line));
    return { end, lines };
  }
});

describe("the compiler", () => {
  const faults = complaints(["unknownField", "variableType", "missingVariable", "unknownStatus"].map((name) => `wrong/${name}.ts`));

  test("has no complaint about the program", () => {
    expect(complaints(["program/submitAndFollow.ts"])).toEqual([]);
  });

  test.each([
    ["wrong/unknownField.ts", "Property 'name' does not exist"],
    ["wrong/variableType.ts", "Type 'string' is not assignable to type 'number'"],
    ["wrong/missingVariable.ts", "Property 'name' is missing"],
    ["wrong/unknownStatus.ts", "no overlap"],
  ])("refuses %s", (file, reason) => {
    const own = faults.filter((fault) => fault.file === file);
    expect(own).toEqual([{ file, text: expect.stringContaining(reason) }]);
  });
});

test("the generator refuses a document that does not fit the schema", async () => {
  const config = { schema: SCHEMA, documents: "{ viewer { shoeSize } }", generates: { "unused.ts": { plugins: ["typescript"] } } };
  await expect(generate({ ...config, silent: true }, false)).rejects.toThrow(/shoeSize/);
});

interface Complaint {
  readonly file: string;
  readonly text: string;
}

/** What the compiler says of these files, under the settings of tsconfig.json. */
function complaints(files: readonly string[]): readonly Complaint[] {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile) as { config: { compilerOptions: unknown } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const program = ts.createProgram({ rootNames: files.map((file) => join(ROOT, file)), options });
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: file === undefined ? "" : file.fileName.slice(ROOT.length + 1),
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}
