import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema, getVariableValues, GraphQLError, Kind, parse, validate } from "graphql";
import { describe, expect, test } from "vitest";
import { EXAMPLES } from "./examples";

const schema = buildSchema(readFileSync(join(import.meta.dirname, "../../../schema.graphql"), "utf8"));

describe("the operations that GraphiQL opens with", () => {
  test.each(EXAMPLES)("fit the schema: $query", ({ query, variables }) => {
    const document = parse(query);
    expect(validate(schema, document)).toEqual([]);
    expect(refusedVariables(document, variables)).toEqual([]);
  });
});

function refusedVariables(document: ReturnType<typeof parse>, variables: string | undefined): readonly GraphQLError[] {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const given = JSON.parse(variables ?? "{}") as Record<string, unknown>;
  return getVariableValues(schema, operation?.variableDefinitions ?? [], given).errors ?? [];
}
