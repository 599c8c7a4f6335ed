import { register } from "./hook.ts";

register();
