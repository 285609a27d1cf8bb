import { type AnyColumn, type SQL, sql } from "drizzle-orm";

/**
 * For prepared statements: each named column set from the parameter of the same name, encoded as the column
 * says. The parameters are then a whole row.
 */
export function fromParameters<T extends object, K extends keyof T & string>(
  table: T,
  names: readonly K[],
): Record<K, SQL> {
  const pairs = names.map((name) => [
    name,
    sql`${sql.param(sql.placeholder(name), table[name] as AnyColumn)}`,
  ]);
  return Object.fromEntries(pairs) as Record<K, SQL>;
}
