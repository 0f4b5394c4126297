-- What cleaning does to each play of a snapshot's users in its feature window.
{{ config(materialized='view') }}

with window_plays as (

    select * from {{ ref('int_window_plays') }}

),

cleaning_limits as (

    select * from {{ ref('int_cleaning_limits') }}

),

final as (

    {{ cleaning_outcomes('window_plays', 'cleaning_limits') }}

)

select * from final
