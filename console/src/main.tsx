// Where the console begins.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { Refused } from "./api/http";
import { KeysOf } from "./keys/keys";
import { Shell } from "./shell";
import "./styles.css";
import { ThemeOf } from "./theme";
import { WordsOf } from "./words/words";

const queries: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => !(error instanceof Refused && error.status >= 400 && error.status < 500 && error.status !== 429) && count < 2,
    },
  },
});

queries.getQueryCache().subscribe((event) => {
  const failed = event.type === "updated" && event.action.type === "error" ? event.action.error : undefined;
  if (failed instanceof Refused && failed.status === 401 && event.query.queryKey[0] !== "session") {
    void queries.invalidateQueries({ queryKey: ["session"] });
  }
});

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <WordsOf>
        <ThemeOf>
          <KeysOf>
            <BrowserRouter basename="/console">
              <Shell />
            </BrowserRouter>
          </KeysOf>
        </ThemeOf>
      </WordsOf>
    </QueryClientProvider>
  </StrictMode>,
);
