"""A problem and its algorithm in two processes.

The scorer's process has the world, the expert, the rewards and the meter; the algorithm's has a
`RemoteProblem`, which asks for everything through one socket. What comes from there is checked
before it is used, and nothing of it is unpickled.

channel.py    messages: names, numbers and arrays
contents.py   what is more than that, as messages: spaces, demonstrations, models
server.py     the scorer's side of a problem
client.py     the algorithm's side of a problem
"""
