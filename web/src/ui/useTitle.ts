import { useEffect } from "react";

const PRODUCT = "GPU Fleet";

/** What the browser calls the page: in its tabs, its history, and to screen readers after each step from page to page. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${PRODUCT}`;
    return () => {
      document.title = PRODUCT;
    };
  }, [title]);
}
