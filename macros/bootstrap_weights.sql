{#-
    How often each resample holds each user, as a query: user_id, replicate and weight,
    which is more than 0. Poisson bootstrap, in which users are drawn independently of
    each other, by hash: whatever is judged shares the draws, so that differences are
    paired. The 32 digits of a hash draw for eight replicates, since hashing is what
    costs. Replicate 0 is the sample itself: every rule of a metric is written once, for
    the value and for its interval. `users` has one row per user, with user_id.
-#}
{% macro bootstrap_weights(users) -%}
    {%- set blocks = (var('bootstrap_replicates') + 7) // 8 -%}
    select *
    from (
        select
            user_id,
            cast(replicate as integer) as replicate,
            cast({{ poisson_weight('draw') }} as tinyint) as weight
        from (
            select
                hashed.user_id,
                8 * hashed.block + places.number as replicate,
                substr(hashed.digits, 4 * places.number - 3, 4) as draw
            from (
                select
                    resampled_users.user_id,
                    blocks.number as block,
                    md5('bootstrap:' || blocks.number || ':' || resampled_users.user_id)
                        as digits
                from {{ users }} as resampled_users
                cross join {{ whole_numbers(0, blocks - 1) }} as blocks
            ) as hashed
            cross join {{ whole_numbers(1, 8) }} as places
        ) as drawn
        where replicate <= {{ var('bootstrap_replicates') }}

        union all

        select
            user_id,
            0 as replicate,
            cast(1 as tinyint) as weight
        from {{ users }}
    ) as weighted
    where weight > 0
{%- endmacro %}
