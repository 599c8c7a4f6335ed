declare const brand: unique symbol;

/** A number of one kind: no bare number and no number of another kind fits. Types only; at run time it is the number. */
export type Branded<Kind extends string> = number & { readonly [brand]: Kind };

/** A number of one kind that a bare number fits, too, as what arithmetic makes of it; numbers of other kinds do not. */
export type Flavoured<Kind extends string> = number & { readonly [brand]?: Kind };
