// The mark of the project.
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="mark">
      <path d="M16 2 28 7v8c0 8-5 13-12 15C9 28 4 23 4 15V7z" fill="var(--accent-solid)" />
      <path d="M10 11h12l-8 10h8" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
