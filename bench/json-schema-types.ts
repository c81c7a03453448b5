/** JSON Schema, as zod writes it, → a type of TypeScript that stands for itself. */

export interface Json {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Json>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Json[];
  readonly oneOf?: readonly Json[];
  readonly allOf?: readonly Json[];
  readonly items?: Json | boolean;
  readonly prefixItems?: readonly Json[];
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Json | boolean;
}

const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** The type of a whole schema, what it refers to put where it is meant. Needs: no schema that contains itself. */
export function rootType(schema: Json): string {
  const inline = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inline);
    if (typeof value !== 'object' || value === null) return value;
    const name = '$ref' in value ? /^#\/\$defs\/(.+)$/.exec(`${value.$ref}`)?.[1] : undefined;
    if (name !== undefined) return inline(schema.$defs?.[name]);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inline(inner)]));
  };
  const { $defs: _, ...own } = schema;
  return typeOf(inline(own) as Json, '');
}

/** `indent`: of the line on which the type begins. */
export function typeOf(schema: Json, indent: string): string {
  const { type, anyOf, oneOf, allOf, enum: values, prefixItems, items } = schema;
  if (schema.const !== undefined) return literal(schema.const);
  if (values !== undefined) return values.map(literal).join(' | ');
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return [...new Set(choices.map(each => typeOf(each, indent)))].join(' | ');
  if (allOf !== undefined) return allOf.map(each => typeOf(each, indent)).join(' & ');
  if (Array.isArray(type)) return type.map(name => PLAIN[name] ?? 'unknown').join(' | ');
  if (type === 'array') {
    if (prefixItems !== undefined)
      return `readonly [${prefixItems.map(each => typeOf(each, indent)).join(', ')}]`;
    const inner = typeof items === 'object' ? typeOf(items, indent) : 'unknown';
    return inner.startsWith('readonly ') || (inner.includes(' | ') && !inner.startsWith('{'))
      ? `readonly (${inner})[]`
      : `readonly ${inner}[]`;
  }
  if (type === 'object') return objectType(schema, indent);
  return PLAIN[`${type}`] ?? 'unknown';
}

const literal = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : `${value}`);

function objectType({ properties = {}, required = [], additionalProperties }: Json, indent: string): string {
  const keys = Object.entries(properties);
  const other = typeof additionalProperties === 'object' ? typeOf(additionalProperties, indent) : 'unknown';
  if (keys.length === 0) return `{ readonly [key: string]: ${other} }`;
  const inner = `${indent}  `;
  const lines = keys.flatMap(([key, schema]) => {
    const name = /^[A-Za-z_]\w*$/.test(key) ? key : `'${key}'`;
    const says =
      schema.description === undefined
        ? []
        : [`${inner}/** ${schema.description.replaceAll('*/', '* /')} */`];
    return [
      ...says,
      `${inner}readonly ${name}${required.includes(key) ? '' : '?'}: ${typeOf(schema, inner)};`,
    ];
  });
  // What else a later version adds is no secret, and no promise.
  const more = additionalProperties === false ? [] : [`${inner}readonly [key: string]: unknown;`];
  return `{\n${[...lines, ...more].join('\n')}\n${indent}}`;
}
