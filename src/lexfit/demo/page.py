"""The page, as Gradio blocks around HTML of our own, and how it is served: nothing on it leaves the server."""

from __future__ import annotations

from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from lexfit.demo.render import footer, header, hint, results, waiting
from lexfit.errors import LexfitError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from lexfit.demo.about import About
    from lexfit.demo.examples import Example
    from lexfit.demo.side_by_side import SideBySide

    Send = Callable[[dict[str, Any]], Awaitable[None]]

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'"
)
# On a small screen the results may be below what one sees.
SHOW = """() => {
  const found = document.getElementById("lf-found");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (found.getBoundingClientRect().top > innerHeight * 0.8)
    found.scrollIntoView({behavior: still ? "auto" : "smooth"});
}"""
BLANK = "Write or paste the facts of a case first, or take one of the examples."


class SameOrigin:
    """ASGI middleware whose headers make the browser itself refuse requests to any other server."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Any], send: Send) -> None:
        """Pass a request on, and add the headers to its answer."""

        async def with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = {"content-security-policy": POLICY, "referrer-policy": "no-referrer"}
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in own.items())]
            await send(message)

        await self.app(scope, receive, with_headers)


def answer(demo: SideBySide, about: About, examples: Sequence[Example], facts: str) -> str:
    """The results' HTML for a text, or a hint where there is nothing to rank by."""
    if not facts.strip():
        return hint(BLANK) + waiting()
    labels = next((example.labels for example in examples if example.text.strip() == facts.strip()), ())
    try:
        return results(demo.compare(facts), about, demo.reads, labels)
    except LexfitError as error:
        return hint(f"This text {error.problem}. {error.remedy}.")


def about_examples(examples: Sequence[Example]) -> str:
    """Which the examples are, and whether the model trained on them."""
    trained = [example.id for example in examples if example.trained]
    seen = f"The model trained on {', '.join(trained)}." if trained else "The model trained on none of them."
    ids = ", ".join(example.id for example in examples)
    return f"Situations {ids} of the project's own data set over the Constitution of India (apache-2.0). {seen}"


def build_page(demo: SideBySide, about: About, examples: Sequence[Example]) -> Any:
    """The page as `gradio.Blocks`, not yet served; of the models one request is answered at a time."""
    import gradio as gr  # noqa: PLC0415  (a second to load, and optional)

    respond = partial(answer, demo, about, examples)
    with gr.Blocks(analytics_enabled=False, title="lexfit: which statutes apply?") as page:
        gr.HTML(header(about, len(demo.statutes)), js_on_load=None)
        facts = gr.Textbox(
            label="Facts of the case",
            placeholder="The appellant was taken from his shop under an order made to stop him from …",
            lines=5,
            max_lines=10,
            elem_id="lf-facts",
        )
        with gr.Row(elem_id="lf-actions"):
            go = gr.Button("Rank statutes", variant="primary", elem_id="lf-go", scale=0)
            gr.HTML('<p class="lf-keys">or Shift + Enter</p>', js_on_load=None)
        with gr.Row(elem_id="lf-examples"):
            gr.HTML('<p class="lf-try">Examples</p>', js_on_load=None)
            chosen = [gr.Button(example.name, size="sm", scale=0, elem_classes="lf-example") for example in examples]
        found = gr.HTML(waiting(), elem_id="lf-found", js_on_load=None)
        gr.HTML(footer(about, about_examples(examples)), js_on_load=None)
        options: dict[str, Any] = {"concurrency_id": "models", "concurrency_limit": 1}
        options["show_progress"] = "minimal"
        asked = go.click(respond, facts, found, api_name="search", trigger_mode="always_last", **options)
        submitted = facts.submit(respond, facts, found, api_visibility="private", trigger_mode="always_last", **options)
        answered = [asked, submitted]
        for button, example in zip(chosen, examples, strict=True):
            shown = partial(lambda text: (text, respond(text)), example.text)
            answered.append(button.click(shown, None, [facts, found], api_visibility="private", **options))
        for event in answered:
            event.then(None, js=SHOW, api_visibility="private")
    return page


def launch_options() -> dict[str, Any]:
    """Arguments of `Blocks.launch`: the reader's own fonts, no telemetry, no history of runs, no other server."""
    import gradio as gr  # noqa: PLC0415
    from starlette.middleware import Middleware  # noqa: PLC0415

    return {
        "theme": gr.themes.Base(font=list(SANS), font_mono=list(MONO)),
        "css": (resources.files("lexfit.demo") / "style.css").read_text(encoding="utf-8"),
        "app_kwargs": {"middleware": [Middleware(SameOrigin)]},
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "share": False,
        "pwa": False,
        "mcp_server": False,
        "enable_monitoring": False,
        "quiet": True,
    }
