import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { EndpointShape } from "../../shared/endpoint.ts";
import { ErrorBody, protocol } from "../../shared/protocol.ts";
import { version } from "../../shared/version.ts";

/** The contract as an OpenAPI 3.1 document, made from the table of endpoints. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, endpoint] of Object.entries(protocol)) {
    const path = endpoint.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "vc master", version },
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Error: jsonSchema(ErrorBody, "output") },
    },
    paths,
  };
}

function operation(name: string, endpoint: EndpointShape): object {
  const input = jsonSchema(endpoint.input, "input") as InputSchema;
  const inPath = [...endpoint.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? "");
  const others = Object.keys(input.properties ?? {}).filter((field) => !inPath.includes(field));
  const parameters = [
    ...inPath.map((field) => parameter(input, field, "path")),
    ...(endpoint.method === "GET" ? others.map((field) => parameter(input, field, "query")) : []),
  ];
  return {
    operationId: name,
    summary: endpoint.summary,
    ...(endpoint.access !== "open" ? { security: [{ token: [] }] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(endpoint.method === "POST" && others.length > 0 ? { requestBody: body(input, others) } : {}),
    responses: {
      200: {
        description: "Done.",
        content: { "application/json": { schema: jsonSchema(endpoint.reply, "output") } },
      },
      ...(name === "next_job" ? { 204: { description: "There is no work." } } : {}),
      default: {
        description: "Refused.",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

type InputSchema = { properties?: Record<string, object>; required?: string[] };

function parameter(input: InputSchema, name: string, where: "path" | "query"): object {
  const required = where === "path" || (input.required ?? []).includes(name);
  return { name, in: where, required, schema: input.properties?.[name] ?? {} };
}

function body(input: InputSchema, fields: string[]): object {
  const properties = Object.fromEntries(fields.map((field) => [field, input.properties?.[field] ?? {}]));
  const required = (input.required ?? []).filter((field) => fields.includes(field));
  return { content: { "application/json": { schema: { type: "object", properties, required } } } };
}

/** Checks that JSON Schema cannot say (such as safeInteger) are left out. */
function jsonSchema(schema: v.GenericSchema, typeMode: "input" | "output"): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: "ignore" });
  return rest;
}
