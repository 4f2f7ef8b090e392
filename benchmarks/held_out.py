"""Held-out log-loss on real data, beside what a data scientist would fit instead; every model with its defaults."""

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from benchmarks.harness import ROOT, Line, verdict

DATA = Path(os.environ.get("LEADOPT_DATA", ROOT / "../shared/data"))
DEALS = ("Source", "Client", "Up_sale", "Product", "Scope", "Needs_def")
INCIDENTS = ("product", "impact", "org_country", "resource_country")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Mean log-loss of held-out rows, and the seconds of one fit, by model."""

    TITLE: ClassVar[str] = "Held-out log-loss on real data"
    INTRO: ClassVar[str] = (
        "Lower is better; the chance of a rep's lead by its columns, nothing tuned by hand. The first 75% by time\n"
        "predict the rest (salvirt has no dates: ten folds). Ridge is logistic regression on one-hot levels and rep\n"
        "x column with its penalty cross-validated; TargetEnc. scikit-learn's TargetEncoder before a logistic\n"
        "regression; GPBoost has crossed random effects of rep, columns and rep x column; LightGBM and CatBoost get\n"
        "the columns as categories. A peer that is not installed is left out. In brackets: seconds of a fit. leadopt\n"
        "also reads when each row was, if that is known, for a level that drifts."
    )
    HEAD: ClassVar[tuple[str, ...]] = (
        *("data, columns", "leadopt:", "goal:", "met?", "global:", "ridge:", "TargetEnc.:"),
        *("LightGBM:", "CatBoost:", "GPBoost:"),
    )

    name: str
    goal: float
    found: dict[str, tuple[float, float] | None]

    @property
    def cells(self) -> tuple[str, ...]:
        ours, *peers = (self.found[model] for model in MODELS)
        told = [f"{loss:.4f} ({seconds:.2f})" for loss, seconds in filter(None, [ours])]
        met = verdict(bool(ours and round(ours[0], 4) <= self.goal))
        return (self.name, *told, f"{self.goal}", met, *("" if one is None else f"{one[0]:.4f}" for one in peers))


def rows() -> Iterator[Line]:
    """Return one line for each data set; none where the data are absent."""
    for name, goal, table, columns, folds in tasks():
        found = {model: score(fit, table, columns, folds) for model, fit in MODELS.items()}
        yield Loss(name=name, goal=goal, found=found)


def tasks() -> Iterator[tuple[str, float, Any, list[str], list[tuple[Any, Any]]]]:
    """Return name, goal, table (rep, columns as text, won), columns, and pairs of rows to learn from and to judge."""
    import polars as pl

    if not DATA.exists():
        return
    cases = pl.read_csv(DATA / "incidents" / "incidents.csv").sort(
        pl.col("first_event").str.to_datetime(time_zone="UTC"), maintain_order=True
    )
    deals = pl.read_csv(DATA / "salvirt" / "Salvirt_B2B_ML_dataset.csv", separator=";")
    pipeline = pl.read_csv(DATA / "maven-crm" / "sales_pipeline.csv").filter(pl.col("close_date").is_not_null())
    sectors = pl.read_csv(DATA / "maven-crm" / "accounts.csv").select("account", "sector")
    pipeline = pipeline.join(sectors, on="account", how="left", maintain_order="left").sort(
        "engage_date", maintain_order=True
    )
    first, won_deal = pl.col("first_line_only") == 1, pl.col("Status") == "Won"
    for name, goal, frame, rep, won, columns, at in (
        ("incidents: product", 0.336, cases, "first_group", first, INCIDENTS[:1], "first_event"),
        ("incidents: " + ", ".join(INCIDENTS), 0.2514, cases, "first_group", first, INCIDENTS, "first_event"),
        ("salvirt: Source", 0.571, deals, "Seller", won_deal, DEALS[:1], None),
        ("salvirt: " + ", ".join(DEALS), 0.516, deals, "Seller", won_deal, DEALS, None),
        ("maven-crm: product, sector (no signal)", 0.6698, pipeline, "sales_agent", pl.col("deal_stage") == "Won",
         ("product", "sector"), "engage_date"),
    ):  # fmt: skip
        table = frame.select(
            pl.col(rep).cast(pl.String).fill_null("missing").alias("rep"),
            *(pl.col(column).cast(pl.String).fill_null("missing") for column in columns),
            won=won.cast(pl.Int64),
            **({} if at is None else {"at": pl.col(at).str.slice(0, 10)}),
        )
        yield name, goal, table, list(columns), _folds(len(table), dated=frame is not deals)


def _folds(n_rows: int, *, dated: bool) -> list[tuple[Any, Any]]:
    if dated:
        cut = int(0.75 * n_rows)
        return [(np.arange(cut), np.arange(cut, n_rows))]
    order = np.arange(n_rows)
    np.random.RandomState(0).shuffle(order)
    return [(np.setdiff1d(order, held), np.sort(held)) for held in np.array_split(order, 10)]


Fit = Callable[[Any, Any, list[str]], Any]


def score(fit: Fit, table: Any, columns: list[str], folds: list[tuple[Any, Any]]) -> tuple[float, float] | None:
    """Return the mean loss over all folds and the seconds of one fit; None where the library is absent."""
    total, seconds, n_judged = 0.0, 0.0, 0
    for learned, judged in folds:
        past, rest = table[learned], table[judged]
        start = perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                chance = np.clip(fit(past, rest, columns), 1e-12, 1.0 - 1e-12)
        except ImportError:
            return None
        seconds += perf_counter() - start
        won = rest["won"].to_numpy() == 1
        total -= float(np.where(won, np.log(chance), np.log1p(-chance)).sum())
        n_judged += len(rest)
    return total / n_judged, seconds / len(folds)


def leadopt(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the chances of the rest by what is measured here."""
    from leadopt import AffinityModel

    return AffinityModel(segment_by=columns, rep="rep", converted="won").fit(past).probability(rest)


def global_rate(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the rate of the past for all."""
    return np.full(len(rest), past["won"].mean())


def _features(table: Any, columns: list[str], pairs: bool) -> Any:
    names = ["rep", *columns]
    data = {name: table[name].to_numpy().astype(object) for name in names}
    if pairs:
        data |= {f"rep x {name}": data["rep"] + "|" + data[name] for name in columns}
    return np.column_stack(list(data.values())), list(data)


def ridge(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the chances by ridge logistic regression with rep x column, its penalty cross-validated."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    model = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"),
        LogisticRegressionCV(Cs=np.logspace(-2, 1.5, 8), cv=5, scoring="neg_log_loss", max_iter=2000),
    )
    return model.fit(_features(past, columns, True)[0], past["won"]).predict_proba(_features(rest, columns, True)[0])[
        :, 1
    ]


def target_encoder(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the chances by scikit-learn's TargetEncoder and a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler, TargetEncoder

    model = make_pipeline(TargetEncoder(random_state=0), StandardScaler(), LogisticRegression(max_iter=2000))
    return model.fit(_features(past, columns, True)[0], past["won"]).predict_proba(_features(rest, columns, True)[0])[
        :, 1
    ]


def light_gbm(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the chances by LightGBM on categories."""
    import pandas as pd
    from lightgbm import LGBMClassifier

    frames = _categories(past, rest, ["rep", *columns], pd)
    return LGBMClassifier(verbose=-1, random_state=0).fit(frames[0], past["won"]).predict_proba(frames[1])[:, 1]


def _categories(past: Any, rest: Any, names: list[str], pandas: Any) -> list[Any]:
    levels = {name: sorted(set(past[name])) for name in names}
    return [
        pandas.DataFrame({name: pandas.Categorical(table[name].to_list(), categories=levels[name]) for name in names})
        for table in (past, rest)
    ]


def cat_boost(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the chances by CatBoost on categories."""
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(verbose=False, random_seed=0, allow_writing_files=False, thread_count=2)
    names = ["rep", *columns]
    return model.fit(past.select(names).to_pandas(), past["won"].to_numpy(), cat_features=names).predict_proba(
        rest.select(names).to_pandas()
    )[:, 1]


def gp_boost(past: Any, rest: Any, columns: list[str]) -> Any:
    """Return the chances by GPBoost's crossed random effects."""
    import gpboost

    groups = [_features(table, columns, True)[0] for table in (past, rest)]
    model = gpboost.GPModel(group_data=groups[0], likelihood="bernoulli_logit")
    constant = [np.ones((len(table), 1)) for table in (past, rest)]
    model.fit(y=past["won"].to_numpy().astype(float), X=constant[0])
    return model.predict(group_data_pred=groups[1], X_pred=constant[1], predict_response=True)["mu"]


MODELS: dict[str, Fit] = {
    "leadopt": leadopt,
    "global": global_rate,
    "ridge": ridge,
    "TargetEnc.": target_encoder,
    "LightGBM": light_gbm,
    "CatBoost": cat_boost,
    "GPBoost": gp_boost,
}
