// A page that fails does not take the others with it.
import { Component, type ReactNode } from "react";
import { Trouble } from "./parts";

export class Boundary extends Component<{ children: ReactNode; at: string }, { failed: unknown; at: string }> {
  override state = { failed: undefined as unknown, at: this.props.at };

  static getDerivedStateFromError(failed: unknown) {
    return { failed };
  }

  static getDerivedStateFromProps(props: { at: string }, state: { at: string }) {
    return props.at === state.at ? null : { failed: undefined, at: props.at };
  }

  override render() {
    if (this.state.failed === undefined) return this.props.children;
    return <Trouble error={this.state.failed} retry={() => location.reload()} />;
  }
}
