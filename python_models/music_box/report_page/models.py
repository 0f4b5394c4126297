"""Third part of the page: which churn model is best, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt

from music_box.report_page.figures import (
    ACCENT,
    CALM,
    COOL,
    WARM,
    Chart,
    Figure,
    Section,
    choice,
    plot,
)
from music_box.report_page.published import PublishedCopy, Rows

# The snapshot with known labels that the served models are fitted on.
TRAINING = "(select max(snapshot_date) from churn.churn_models where is_champion)"
CHAMPION = f"""(
    select model_name from churn.churn_models
    where is_champion and snapshot_date = {TRAINING}
)"""
NO_MODEL = "No churn model could be fitted yet: it takes a labelled snapshot with enough users."
# A curve belongs to one of these.
GROUPS = {"champion": ACCENT, "silence alone": WARM, "other models": CALM}
CURVE_HEIGHT = 320
GROUP = f"""case
    when model_name = {CHAMPION} then 'champion'
    when model_name = 'days_since_last_event' then 'silence alone'
    else 'other models'
end as curve"""


def section(copy: PublishedCopy) -> Section:
    """Metrics with intervals, curves, importance, and what a backtest says."""
    return Section(
        "models",
        "Churn models",
        "Test users were never learnt from and nothing was chosen on them; the champion has the"
        " highest AUC out of fold. Intervals come from resampling users.",
        [
            _metrics(copy),
            _roc(copy),
            _calibration(copy),
            _decision_curve(copy),
            _profit(copy),
            _importance(copy),
            _backtest(copy),
            _outcomes(copy),
        ],
    )


def _colors(groups: Mapping[str, str] = GROUPS) -> alt.Color:
    scale = alt.Scale(domain=list(groups), range=list(groups.values()))
    return alt.Color("curve:N", scale=scale)


def _curves(
    x: alt.X, y: alt.Y, tooltip: list[alt.Tooltip], groups: Mapping[str, str] = GROUPS
) -> Chart:
    """A line per model over thresholds, those that matter on top; its points say their values."""
    base = plot(height=CURVE_HEIGHT).encode(
        x=x, y=y, detail="model_name:N", order="threshold:Q", color=_colors(groups)
    )
    others = "datum.curve == 'other models'"
    points = base.mark_circle(size=60, opacity=0, clip=True).encode(
        tooltip=[
            alt.Tooltip("model_name:N", title="model"),
            alt.Tooltip("threshold:Q", format=".2f"),
            *tooltip,
        ]
    )
    other_lines = base.mark_line(clip=True, strokeWidth=1.2).transform_filter(others)
    lines = base.mark_line(clip=True, strokeWidth=2.5).transform_filter(f"!({others})")
    curves: Chart = other_lines + lines + points
    return curves


def _metrics(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        f"""
        select model_name, metric, split, value, lower_bound, upper_bound, users, {GROUP}
        from churn.churn_model_metrics
        where snapshot_date = {TRAINING} and split in ('test', 'out_of_fold', 'train')
        order by
            split = 'test' desc, split = 'out_of_fold' desc, metric = 'auc' desc, metric, model_name
        """
    )
    metric = choice("Metric", "metric", rows)
    split = choice("Split", "split", rows)
    base = plot(height=280).encode(
        y=alt.Y(
            "model_name:N", title=None, sort=alt.EncodingSortField("value", order="descending")
        ),
        tooltip=[
            alt.Tooltip("model_name:N", title="model"),
            "metric:N",
            "split:N",
            alt.Tooltip("value:Q", format=".4f"),
            alt.Tooltip("lower_bound:Q", title="from", format=".4f"),
            alt.Tooltip("upper_bound:Q", title="to", format=".4f"),
            alt.Tooltip("users:Q", format=","),
        ],
    )
    dots = base.mark_circle(size=110).encode(
        x=alt.X(
            "value:Q",
            title="value with interval",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(tickCount=5),
        ),
        color=_colors(),
    )
    intervals = base.mark_rule(style="interval").encode(x="lower_bound:Q", x2="upper_bound:Q")
    return Figure(
        name="model-metrics",
        title="Metrics of the models",
        explanation="Metrics of every model with their intervals; “train” is in-sample, as the"
        " report printed it, and flatters.",
        sources=["churn_model_metrics", "churn_models"],
        rows=rows,
        without_rows=NO_MODEL,
        chart=(intervals + dots)
        .transform_filter(metric)
        .transform_filter(split)
        .add_params(metric, split),
    )


def _thresholds(copy: PublishedCopy) -> Rows:
    return copy.rows(
        f"""
        select model_name, threshold, contacted_share, true_positive_rate, false_positive_rate,
            precision, lift, net_benefit, expected_profit, {GROUP}
        from churn.churn_threshold_metrics
        where snapshot_date = {TRAINING} and split = 'test'
        order by model_name, threshold
        """
    )


def _roc(copy: PublishedCopy) -> Figure:
    curves = _curves(
        alt.X("false_positive_rate:Q", title="false positive rate"),
        alt.Y("true_positive_rate:Q", title="true positive rate"),
        [
            alt.Tooltip("contacted_share:Q", title="contacted", format=".1%"),
            alt.Tooltip("true_positive_rate:Q", title="churners found", format=".1%"),
            alt.Tooltip("false_positive_rate:Q", title="stayers contacted", format=".1%"),
            alt.Tooltip("precision:Q", format=".1%"),
            alt.Tooltip("lift:Q", format=".2f"),
        ],
    )
    diagonal = (
        plot(height=CURVE_HEIGHT)
        .mark_rule(style="reference", aria=False)
        .encode(x=alt.datum(0), y=alt.datum(0), x2=alt.datum(1), y2=alt.datum(1))
    )
    return Figure(
        name="roc",
        title="ROC curve",
        explanation="Test users: churners found against stayers contacted, threshold by threshold"
        " of the churn probability. The dashed line is chance.",
        sources=["churn_threshold_metrics"],
        rows=_thresholds(copy),
        without_rows=NO_MODEL,
        chart=diagonal + curves,
    )


def _calibration(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        f"""
        select bin, probability_from, probability_below, users, mean_probability, churn_rate
        from churn.churn_calibration
        where snapshot_date = {TRAINING} and split = 'test' and model_name = {CHAMPION}
        order by bin
        """
    )
    base = plot(height=CURVE_HEIGHT)
    diagonal = base.mark_rule(style="reference", aria=False).encode(
        x=alt.datum(0), y=alt.datum(0), x2=alt.datum(1), y2=alt.datum(1)
    )
    encoded = base.encode(
        x=alt.X(
            "mean_probability:Q",
            title="mean churn probability",
            axis=alt.Axis(format="%", tickCount=5),
        ),
        y=alt.Y("churn_rate:Q", title="churned", axis=alt.Axis(format="%")),
        tooltip=[
            alt.Tooltip("mean_probability:Q", title="predicted", format=".1%"),
            alt.Tooltip("churn_rate:Q", title="churned", format=".1%"),
            alt.Tooltip("users:Q", format=","),
        ],
    )
    dots = encoded.mark_circle().encode(
        size=alt.Size("users:Q", scale=alt.Scale(range=[30, 400]), legend=None)
    )
    return Figure(
        name="calibration",
        title="Do probabilities come true?",
        explanation="The champion's test users in bins of churn probability: predicted against what"
        " happened. On the dashed line they agree; the larger the dot, the more users.",
        sources=["churn_calibration"],
        rows=rows,
        without_rows=NO_MODEL,
        chart=diagonal + encoded.mark_line() + dots,
    )


def _decision_curve(copy: PublishedCopy) -> Figure:
    # Contacting everybody is the reference of Vickers & Elkin (2006): it takes no model.
    rows = copy.rows(
        f"""
        with curves as (
            select model_name, threshold, net_benefit, {GROUP}
            from churn.churn_threshold_metrics
            where snapshot_date = {TRAINING} and split = 'test' and threshold < 1
        ),

        test_users as (
            select max(churned_users) / max(users) as churn_rate
            from churn.churn_model_metrics
            where snapshot_date = {TRAINING} and split = 'test'
        )

        select * from curves
        union all
        select distinct 'contact everybody', curves.threshold,
            test_users.churn_rate
            - (1 - test_users.churn_rate) * curves.threshold / (1 - curves.threshold),
            'contact everybody'
        from curves
        cross join test_users
        order by model_name, threshold
        """
    )
    chart = _curves(
        alt.X("threshold:Q", title="threshold of the churn probability"),
        alt.Y("net_benefit:Q", title="net benefit per user", scale=alt.Scale(domainMin=-0.05)),
        [alt.Tooltip("net_benefit:Q", title="net benefit", format=".3f")],
        GROUPS | {"contact everybody": COOL},
    )
    return Figure(
        name="decision-curve",
        title="Decision curve",
        explanation="Test users: churners contacted, less stayers contacted at the odds of the"
        " threshold. A model is worth using where it lies above contacting everybody and above 0,"
        " nobody.",
        sources=["churn_threshold_metrics", "churn_model_metrics"],
        rows=rows,
        without_rows=NO_MODEL,
        chart=chart,
    )


def _profit(copy: PublishedCopy) -> Figure:
    chart = _curves(
        alt.X(
            "contacted_share:Q",
            title="share of users contacted",
            axis=alt.Axis(format="%", tickCount=5),
        ),
        alt.Y("expected_profit:Q", title="expected profit per 1,000 users"),
        [
            alt.Tooltip("contacted_share:Q", title="contacted", format=".1%"),
            alt.Tooltip("expected_profit:Q", title="profit", format=",.0f"),
        ],
    )
    return Figure(
        name="expected-profit",
        title="What contacting would have brought",
        explanation="Test users: the best offer for each, by success rates and values of the seeds,"
        " which are assumptions until an offer has been measured against the users held out.",
        sources=["churn_threshold_metrics"],
        rows=_thresholds(copy),
        without_rows=NO_MODEL,
        chart=chart,
    )


def _importance(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        f"""
        select coalesce(percentiles.label, importance.feature) as label, importance.feature,
            permutation_importance, permutation_stddev,
            permutation_importance - permutation_stddev as lower_bound,
            permutation_importance + permutation_stddev as upper_bound,
            impurity_importance, direction, permutation_rank
        from churn.churn_feature_importance as importance
        left join reports.rpt_feature_percentiles as percentiles
            on importance.feature = percentiles.feature and percentiles.percentile = 50
        where importance.snapshot_date = {TRAINING} and importance.model_name = {CHAMPION}
            and importance.permutation_rank <= 15
        order by permutation_rank
        """
    )
    directions = alt.Scale(domain=["raises", "lowers"], range=[WARM, COOL])
    base = plot(height=380).encode(y=alt.Y("label:N", title=None, sort=None))
    bars = base.mark_bar().encode(
        x=alt.X(
            "permutation_importance:Q",
            title="loss of AUC when shuffled",
            axis=alt.Axis(tickCount=4),
        ),
        color=alt.Color("direction:N", scale=directions),
        tooltip=[
            "feature:N",
            alt.Tooltip("permutation_importance:Q", title="loss of AUC", format=".4f"),
            alt.Tooltip("permutation_stddev:Q", title="standard deviation", format=".4f"),
            alt.Tooltip("direction:N", title="more of it"),
        ],
    )
    intervals = base.mark_rule(style="interval").encode(x="lower_bound:Q", x2="upper_bound:Q")
    return Figure(
        name="importance",
        title="What the champion hangs on",
        explanation="Permutation importance on test users, with the standard deviation of repeated"
        " shuffles. The colour says whether more of the feature raises or lowers the risk.",
        sources=["churn_feature_importance"],
        rows=rows,
        without_rows=NO_MODEL,
        chart=bars + intervals,
    )


def _backtest(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        """
        select snapshot_date, model_name, metric, fitted_snapshot_date, time_honest_value,
            random_split_value, difference, lower_bound, upper_bound, test_users
        from churn.churn_backtest
        where metric = 'auc'
        order by snapshot_date desc, model_name
        """
    )
    snapshot = choice("Tested snapshot", "snapshot_date", rows)
    base = plot(height=220)
    encoded = base.encode(
        y=alt.Y("model_name:N", title=None),
        tooltip=[
            alt.Tooltip("model_name:N", title="model"),
            alt.Tooltip("fitted_snapshot_date:N", title="fitted on"),
            alt.Tooltip("time_honest_value:Q", title="fitted before", format=".3f"),
            alt.Tooltip("random_split_value:Q", title="fitted on the same days", format=".3f"),
            alt.Tooltip("difference:Q", format=".3f"),
        ],
    )
    differences = encoded.mark_circle(size=110).encode(
        x=alt.X("difference:Q", title="difference of AUC", axis=alt.Axis(tickCount=5))
    )
    intervals = encoded.mark_rule(style="interval").encode(x="lower_bound:Q", x2="upper_bound:Q")
    zero = base.mark_rule(style="reference", aria=False).encode(x=alt.datum(0))
    return Figure(
        name="backtest",
        title="Backtest: what a random split hides",
        explanation="The same test users, scored by a model that knew only labels known on the"
        " day, and by one fitted on other users of the same days. Left of the line, time costs"
        " something.",
        sources=["churn_backtest"],
        rows=rows,
        without_rows="The logs hold no earlier snapshot to test on.",
        chart=(zero + intervals + differences).transform_filter(snapshot).add_params(snapshot),
    )


def _outcomes(copy: PublishedCopy) -> Figure:
    rows = copy.rows(
        f"""
        select snapshot_date, score_band, users, expected_churned_users, churned_users
        from reports.rpt_score_outcomes
        where split = 'backtest' and model_name = {CHAMPION}
        order by snapshot_date desc, score_band
        """
    )
    snapshot = choice("Tested snapshot", "snapshot_date", rows)
    base = plot(height=220).encode(
        x=alt.X(
            "score_band:O", title="band of scores, from low to high", axis=alt.Axis(labelAngle=0)
        ),
        tooltip=[
            alt.Tooltip("score_band:O", title="band"),
            alt.Tooltip("users:Q", format=","),
            alt.Tooltip("expected_churned_users:Q", title="expected to churn", format=",.1f"),
            alt.Tooltip("churned_users:Q", title="churned", format=","),
        ],
    )
    happened = base.mark_bar().encode(y=alt.Y("churned_users:Q", title="users who churned"))
    expected = base.mark_tick(color=WARM, thickness=3).encode(y="expected_churned_users:Q")
    return Figure(
        name="score-outcomes",
        title="Predicted against what happened",
        explanation="Test users of an earlier snapshot in ten bands of equally many: who churned"
        " (bars), and how many the champion's algorithm, fitted before that day, expected"
        " (marks).",
        sources=["rpt_score_outcomes"],
        rows=rows,
        without_rows="The logs hold no earlier snapshot to test on.",
        chart=(happened + expected).transform_filter(snapshot).add_params(snapshot),
    )
