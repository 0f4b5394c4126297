{#-
    How often each resample holds each user, as a query: user_id, replicate and weight,
    which is more than 0. Poisson bootstrap, in which users are drawn independently of
    each other, by hash: whatever is judged shares the draws, so that differences are
    paired. Replicate 0 is the sample itself: every rule of a metric is written once,
    for the value and for its interval. `users` has one row per user, with user_id.
-#}
{% macro bootstrap_weights(users) -%}
    {%- set fraction = hash_fraction(
        "replicates.replicate || ':' || resampled_users.user_id", 'bootstrap'
    ) -%}
    select *
    from (
        select
            resampled_users.user_id,
            cast(replicates.replicate as integer) as replicate,
            cast({{ poisson_weight(fraction) }} as tinyint) as weight
        from {{ users }} as resampled_users
        cross join (
            select number as replicate
            from {{ whole_numbers(1, var('bootstrap_replicates')) }} as numbers
        ) as replicates

        union all

        select
            user_id,
            0 as replicate,
            cast(1 as tinyint) as weight
        from {{ users }}
    ) as weighted
    where weight > 0
{%- endmacro %}
