"""The slice of GitHub's GraphQL schema that the sandbox answers, in GitHub's own names and types."""

from functools import cache

from graphql import GraphQLSchema, build_schema

SLICE = """
scalar BigInt
scalar DateTime
scalar URI

interface Node { id: ID! }
interface Actor { login: String! url: URI! }

type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  rateLimit(dryRun: Boolean = false): RateLimit
  repository(followRenames: Boolean = true, name: String!, owner: String!): Repository
  viewer: User!
}

type RateLimit {
  cost: Int!
  limit: Int!
  nodeCount: Int!
  remaining: Int!
  resetAt: DateTime!
  used: Int!
}

type PageInfo {
  endCursor: String
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
}

type User implements Actor & Node {
  databaseId: Int
  id: ID!
  login: String!
  url: URI!
}

type Bot implements Actor & Node {
  databaseId: Int
  id: ID!
  login: String!
  url: URI!
}

type UserConnection { nodes: [User] pageInfo: PageInfo! totalCount: Int! }

type Repository implements Node {
  databaseId: Int
  id: ID!
  isPrivate: Boolean!
  issue(number: Int!): Issue
  issueOrPullRequest(number: Int!): IssueOrPullRequest
  issues(
    after: String
    before: String
    filterBy: IssueFilters
    first: Int
    labels: [String!]
    last: Int
    orderBy: IssueOrder
    states: [IssueState!]
  ): IssueConnection!
  labels(after: String, before: String, first: Int, last: Int): LabelConnection
  name: String!
  nameWithOwner: String!
  pullRequest(number: Int!): PullRequest
  url: URI!
}

union IssueOrPullRequest = Issue | PullRequest

input IssueFilters { labels: [String!] since: DateTime states: [IssueState!] }
input IssueOrder { direction: OrderDirection! field: IssueOrderField! }
enum OrderDirection { ASC DESC }
enum IssueOrderField { CREATED_AT UPDATED_AT }
enum IssueState { CLOSED OPEN }
enum IssueStateReason { COMPLETED DUPLICATE NOT_PLANNED REOPENED }
enum PullRequestState { CLOSED MERGED OPEN }
enum MilestoneState { CLOSED OPEN }

type Issue implements Node {
  assignees(after: String, before: String, first: Int, last: Int): UserConnection!
  author: Actor
  body: String!
  closed: Boolean!
  closedAt: DateTime
  comments(after: String, before: String, first: Int, last: Int): IssueCommentConnection!
  createdAt: DateTime!
  databaseId: Int
  fullDatabaseId: BigInt
  id: ID!
  labels(after: String, before: String, first: Int, last: Int): LabelConnection
  locked: Boolean!
  milestone: Milestone
  number: Int!
  repository: Repository!
  state: IssueState!
  stateReason(enableDuplicate: Boolean = false): IssueStateReason
  title: String!
  updatedAt: DateTime!
  url: URI!
}

type IssueConnection { nodes: [Issue] pageInfo: PageInfo! totalCount: Int! }

type PullRequest implements Node {
  assignees(after: String, before: String, first: Int, last: Int): UserConnection!
  author: Actor
  body: String!
  closed: Boolean!
  closedAt: DateTime
  createdAt: DateTime!
  fullDatabaseId: BigInt
  id: ID!
  labels(after: String, before: String, first: Int, last: Int): LabelConnection
  milestone: Milestone
  number: Int!
  repository: Repository!
  state: PullRequestState!
  title: String!
  updatedAt: DateTime!
  url: URI!
}

type IssueComment implements Node {
  author: Actor
  body: String!
  createdAt: DateTime!
  databaseId: Int
  id: ID!
  updatedAt: DateTime!
  url: URI!
}

type IssueCommentConnection { nodes: [IssueComment] pageInfo: PageInfo! totalCount: Int! }

type Label implements Node {
  color: String!
  description: String
  id: ID!
  name: String!
}

type LabelConnection { nodes: [Label] pageInfo: PageInfo! totalCount: Int! }

type Milestone implements Node {
  id: ID!
  number: Int!
  state: MilestoneState!
  title: String!
}
"""
"""What every site knows. Only parts of GitHub's types stand here, but none that differs from them."""

SUB_ISSUES = """
extend type Issue {
  parent: Issue
  subIssues(after: String, before: String, first: Int, last: Int): IssueConnection!
  subIssuesSummary: SubIssuesSummary!
}

type SubIssuesSummary {
  completed: Int!
  percentCompleted: Int!
  total: Int!
}
"""
"""What came with sub-issues; Enterprise Servers before 3.17 lack it."""

ISSUE_TYPES = """
extend type Issue { issueType: IssueType }

type IssueType implements Node {
  description: String
  id: ID!
  isEnabled: Boolean!
  name: String!
}
"""
"""Issue types, which came at the same time. GitHub documents them, but its schema on npm leaves them out."""


@cache
def github_schema(*, sub_issues: bool) -> GraphQLSchema:
    """The schema of a site; with or without sub-issues and issue types."""
    return build_schema(SLICE + SUB_ISSUES + ISSUE_TYPES if sub_issues else SLICE)
