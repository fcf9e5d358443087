"""What stands between the network and Django in the roles that serve HTTP.

A request takes nothing that is scarce before it is complete: no thread, no file, no more memory than its body may
have. Who is slow, sends too much, or asks too much at once is refused before.
"""
