// Types of `modelport/cloud`: the package with the object stores of clouds.

export * from "modelport";
export { default } from "modelport";
