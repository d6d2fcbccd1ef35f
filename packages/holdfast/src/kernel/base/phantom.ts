/**
 * The key of properties that carry types and are never set at run time. Editors do not list them,
 * because the symbol is not exported to users.
 */
export declare const phantom: unique symbol
