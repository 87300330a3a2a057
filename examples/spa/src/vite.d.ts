/** What Vite puts in the place of `import.meta.env`. */
interface ImportMeta {
  readonly env: {
    /** Under which path the application lives, with a slash at both ends: `--base`. */
    readonly BASE_URL: string;
  };
}
