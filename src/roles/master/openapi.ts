import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { EndpointShape } from "../../shared/endpoint.ts";
import { type ByteRouteShape, byteRoutes } from "../../shared/endpoints-transfer.ts";
import { ErrorBody, protocol } from "../../shared/protocol.ts";
import { PIECE_TYPE } from "../../shared/transfer.ts";
import { version } from "../../shared/version.ts";

/** The contract as an OpenAPI 3.1 document, made from the table of endpoints. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  const add = ({ path: template, method }: EndpointShape | ByteRouteShape, made: object) => {
    const path = template.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [method.toLowerCase()]: made };
  };
  for (const [name, endpoint] of Object.entries(protocol)) add(endpoint, operation(name, endpoint));
  for (const [name, route] of Object.entries(byteRoutes)) add(route, byteOperation(name, route));
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

const REFUSED = {
  description: "Refused.",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
};

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
      default: REFUSED,
    },
  };
}

/** A piece of a film travels as bytes; its headers are told in the summary. */
function byteOperation(name: string, route: ByteRouteShape): object {
  const input = jsonSchema(route.input, "input") as InputSchema;
  const fields = Object.keys(input.properties ?? {});
  const where = (field: string) => (route.path.includes(`:${field}`) ? "path" : "query");
  const sends = route.sends === "request";
  const bytes = (type: string) => ({ content: { [type]: { schema: { type: "string", format: "binary" } } } });
  return {
    operationId: name,
    summary: route.summary,
    security: [{ token: [] }],
    parameters: fields.map((field) => parameter(input, field, where(field))),
    ...(sends ? { requestBody: bytes(PIECE_TYPE) } : {}),
    responses: {
      ...(sends
        ? { 204: { description: "Written." } }
        : { 206: { description: "The piece.", ...bytes("application/octet-stream") } }),
      default: REFUSED,
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
