"""What a query may bring, counted before it runs, as GitHub's node limit and points do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

MAX_PAGE = 100
MAX_NODES = 500_000
MAX_IDS = 100


class Refusal(GraphQLError):
    """An error with GitHub's `type` beside its message."""

    def __init__(self, kind: str, message: str, node: FieldNode | None = None) -> None:
        super().__init__(message, node)
        self.kind = kind


@dataclass(slots=True)
class Count:
    """How many nodes a query may bring, and how many lists it has to read for that."""

    nodes: int = 0
    lists: int = 0
    largest: int = 0
    """The largest page or number of ids that was asked for."""

    @property
    def points(self) -> int:
        """The cost in points: a hundredth of the lists read, at least one."""
        return max(1, round(self.lists / 100))


class Counter:
    """Walks an operation; raises Refusal where GitHub would not run it."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self._schema = schema
        self._variables = dict(variables)
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self.count = Count()

    def walk(self, operation: OperationDefinitionNode) -> Count:
        """Count one operation."""
        if self._schema.query_type is not None:
            self._selections(operation.selection_set, self._schema.query_type, 1)
        if self.count.nodes > MAX_NODES:
            message = (
                f"This query requests up to {self.count.nodes:,} possible nodes which exceeds "
                f"the maximum limit of {MAX_NODES:,}."
            )
            raise Refusal("MAX_NODE_LIMIT_EXCEEDED", message)
        return self.count

    def _selections(self, chosen: SelectionSetNode, parent: GraphQLNamedType, times: int) -> None:
        for selection in chosen.selections:
            if isinstance(selection, FieldNode):
                self._field(selection, parent, times)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                inner = self._schema.type_map[fragment.type_condition.name.value]
                self._selections(fragment.selection_set, inner, times)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = parent if condition is None else self._schema.type_map[condition.name.value]
                self._selections(selection.selection_set, inner, times)

    def _field(self, field: FieldNode, parent: GraphQLNamedType, times: int) -> None:
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) or field.selection_set is None:
            return
        definition = parent.fields.get(field.name.value)
        if definition is None:
            return
        inner = get_named_type(definition.type)
        if inner.name.endswith("Connection"):
            times *= self._page(field, times)
        elif field.name.value == "nodes" and parent is self._schema.query_type:
            times *= self._ids(field)
        self._selections(field.selection_set, inner, times)

    def _page(self, field: FieldNode, times: int) -> int:
        arguments = self._arguments(field)
        name = field.name.value
        for bound in ("first", "last"):
            size = arguments.get(bound)
            if size is None:
                continue
            if not 1 <= size <= MAX_PAGE:
                message = (
                    f"Requesting {size} records on the `{name}` connection exceeds the `{bound}` limit "
                    f"of {MAX_PAGE} records."
                )
                raise Refusal("EXCESSIVE_PAGINATION", message, field)
            self.count.lists += times
            self.count.nodes += times * size
            self.count.largest = max(self.count.largest, size)
            return int(size)
        message = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise Refusal("MISSING_PAGINATION_BOUNDARIES", message, field)

    def _ids(self, field: FieldNode) -> int:
        ids = self._arguments(field).get("ids") or []
        number = len(ids) if isinstance(ids, list) else 1
        if number > MAX_IDS:
            message = f"You may not provide more than {MAX_IDS} node ids; you provided {number}."
            raise Refusal("ARGUMENT_LIMIT", message, field)
        self.count.nodes += number
        self.count.largest = max(self.count.largest, number)
        return max(1, number)

    def _arguments(self, field: FieldNode) -> dict[str, Any]:
        return {
            item.name.value: value_from_ast_untyped(item.value, self._variables)
            for item in field.arguments or ()
        }
