"""Root causes: whose shortcomings land here, what they take, what is done about them, and whether it helped.

`board` adds up the topics by business area, `sample` draws contacts, `effect` compares before and after an action.
"""
