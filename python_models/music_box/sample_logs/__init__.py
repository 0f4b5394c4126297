"""Sample logs of a music player: random users whose statistics match the published ones.

``python -m music_box.sample_logs`` writes a folder of raw log deliveries. The modules, in the
order in which a log line comes into being:

* ``parameters``: every number of the process, with its meaning.
* ``calendar``: the days of the logs and which files were never delivered.
* ``users``: who arrives when, on which days they come and how much they do.
* ``catalogue``: songs, singers, styles and their popularity.
* ``names``: made-up names of songs and singers.
* ``plays``: which songs a user plays, and for how long.
* ``lines``: events as bytes of a log line, with the dirt that single lines carry.
* ``bots``: a few uids that play all day.
* ``deliveries``: days and parts as files, with the dirt that whole files carry.
* ``generate``: all of this, chunk by chunk.
* ``truth``: the probability that a user falls silent, latent and given the logs.
* ``published`` and ``compare``: the published figures, and a generated folder beside them.
"""
