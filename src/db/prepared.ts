import type { SQLQueryBindings, Database as Sqlite } from "bun:sqlite";
import { Column, getTableColumns, is, Param, Placeholder, type Query } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

type Values = object;
type Rows<Row> = { get(values: Values): Row | undefined; all(values: Values): Row[] };

/**
 * A query for whole rows of a table, for what each job asks several times: drizzle writes the SQL (`toSQL()`, its
 * parameters placeholders), and SQLite runs it without drizzle, whose own prepared statements take three times as long.
 *
 * SQLite 3.54 plans a statement anew whenever a parameter is bound, if it has an ORDER BY, or a parameter for its LIMIT:
 * ten times the time of a look by key. So such a query is better sorted here, and has its limit in its text.
 */
export function prepareRows<T extends SQLiteTable>(
  sqlite: Sqlite,
  table: T,
  query: Query,
): Rows<T["$inferSelect"]> {
  const { sql, params } = query;
  const statement = sqlite.prepare<Record<string, unknown>, SQLQueryBindings[]>(sql);
  const bind = binderOf(params);
  const decode = decoderOf(table);
  return {
    get(values) {
      const row = statement.get(...bind(values));
      return row === null ? undefined : decode(row);
    },
    all: (values) => statement.all(...bind(values)).map(decode),
  };
}

/** The same for a change. */
export function prepareChange(sqlite: Sqlite, query: Query): (values: Values) => void {
  const { sql, params } = query;
  const statement = sqlite.prepare<unknown, SQLQueryBindings[]>(sql);
  const bind = binderOf(params);
  return (values) => void statement.run(...bind(values));
}

/** Values in the order of the statement's parameters, each as its column stores it. */
function binderOf(params: unknown[]): (values: Values) => SQLQueryBindings[] {
  const encoders = params.map(encoderOf);
  return (values) => encoders.map((encode) => encode(values as Record<string, unknown>));
}

function encoderOf(param: unknown): (values: Record<string, unknown>) => SQLQueryBindings {
  if (is(param, Placeholder)) return (values) => given(values, param.name) as SQLQueryBindings;
  if (!is(param, Param) || !is(param.value, Placeholder)) return () => param as SQLQueryBindings;
  const { encoder, value } = param;
  const { name } = value;
  if (!is(encoder, Column) || encoder.mapToDriverValue === Column.prototype.mapToDriverValue)
    return (values) => given(values, name) as SQLQueryBindings;
  return (values) => encoder.mapToDriverValue(given(values, name)) as SQLQueryBindings;
}

function given(values: Record<string, unknown>, name: string): unknown {
  const value = values[name];
  if (value === undefined) throw new Error(`no value for the parameter ${name} was given`);
  return value;
}

/** Most columns are stored as they are read: only JSON and booleans are decoded. Columns are named in SQL as in rows. */
function decoderOf<T extends SQLiteTable>(table: T): (row: Record<string, unknown>) => T["$inferSelect"] {
  const coded = Object.entries<Column>(getTableColumns(table)).filter(
    ([, column]) => column.mapFromDriverValue !== Column.prototype.mapFromDriverValue,
  );
  return (row) => {
    for (const [name, column] of coded)
      if (row[name] !== null) row[name] = column.mapFromDriverValue(row[name]);
    return row as T["$inferSelect"];
  };
}
