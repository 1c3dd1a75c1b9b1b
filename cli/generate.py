"""Write on from a prompt with a language model."""

from .quiet import load_tensorflow


def add_arguments(parser):
    """Take the model, the prompt and how to draw."""
    parser.add_argument("source", metavar="RUN_OR_SAVED_MODEL", help="a run or an export of one")
    parser.add_argument("--prompt", default="The ", help="what the text begins with; default: The")
    parser.add_argument("--length", type=int, default=500, help="characters; default: 500")
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.8,
        help="below 1 more cautious, above 1 bolder, 0 the most probable; default: 0.8",
    )
    parser.add_argument(
        "--top-k", type=int, default=0, help="draw among so many; 0, the default, among all"
    )
    parser.add_argument("--seed", type=int, default=0, help="default: 0")


def run(arguments):
    """Print the prompt and what follows, as it comes."""
    load_tensorflow()
    from ..recipes.serving.generation import generate

    pieces = generate(
        arguments.source,
        arguments.prompt,
        length=arguments.length,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        seed=arguments.seed,
    )
    print(arguments.prompt, end="", flush=True)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()
