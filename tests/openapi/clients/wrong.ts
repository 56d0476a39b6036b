/* What must not compile: a compiler that takes it knows no types. */
import type { components } from "./made/openapi-typescript";

export const id = (vpc: components["schemas"]["Vpc"]): number => vpc.unVpcId;
