// Words for roles and permissions where the server's own table may not be asked: those that the console knows, else the code.
import { zh, type Key } from "../words/zh";

const known = (key: string, other: Key): Key => (key in zh ? (key as Key) : other);

export const roleKey = (name: string): Key => known(`role.${name}`, "role.other");
export const permissionKey = (name: string): Key => known(`permission.${name}`, "permission.other");
export const stateKey = (name: string): Key => known(`delivery.${name}`, "delivery.other");
