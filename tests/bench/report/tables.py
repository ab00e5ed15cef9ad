"""Markdown tables."""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join("---" if i == 0 else "--:"
                            for i in range(len(head))) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def words(head, rows):
    """A table of text."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def count(value):
    return f"{value:,.0f}"


def figure(value):
    """As many digits as are significant."""
    if value is None:
        return "–"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(found, form=figure):
    """median (least–most)"""
    if found is None:
        return "–"
    middle, least, most = found
    if form(least) == form(most):
        return form(middle)
    return f"{form(middle)} ({form(least)}–{form(most)})"


def times(found):
    return "–" if found is None else f"{found[0]:.2f}"
