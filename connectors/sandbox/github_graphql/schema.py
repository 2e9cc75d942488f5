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


PROJECTS = """
scalar Date

interface RepositoryOwner { id: ID! login: String! url: URI! }
interface ProjectV2Owner { id: ID! projectV2(number: Int!): ProjectV2 }

extend type Query { repositoryOwner(login: String!): RepositoryOwner }
extend type User implements RepositoryOwner & ProjectV2Owner { projectV2(number: Int!): ProjectV2 }

type Organization implements Actor & Node & RepositoryOwner & ProjectV2Owner {
  databaseId: Int
  id: ID!
  login: String!
  projectV2(number: Int!): ProjectV2
  url: URI!
}

type ProjectV2 implements Node {
  closed: Boolean!
  fields(after: String, before: String, first: Int, last: Int): ProjectV2FieldConfigurationConnection!
  id: ID!
  items(after: String, before: String, first: Int, last: Int): ProjectV2ItemConnection!
  number: Int!
  public: Boolean!
  title: String!
  updatedAt: DateTime!
}

union ProjectV2FieldConfiguration = ProjectV2Field | ProjectV2IterationField | ProjectV2SingleSelectField
interface ProjectV2FieldCommon { dataType: ProjectV2FieldType! id: ID! name: String! }
type ProjectV2FieldConfigurationConnection {
  nodes: [ProjectV2FieldConfiguration]
  pageInfo: PageInfo!
  totalCount: Int!
}
type ProjectV2Field implements Node & ProjectV2FieldCommon {
  dataType: ProjectV2FieldType!
  id: ID!
  name: String!
}
type ProjectV2IterationField implements Node & ProjectV2FieldCommon {
  dataType: ProjectV2FieldType!
  id: ID!
  name: String!
}
type ProjectV2SingleSelectField implements Node & ProjectV2FieldCommon {
  dataType: ProjectV2FieldType!
  id: ID!
  name: String!
  options(names: [String!]): [ProjectV2SingleSelectFieldOption!]!
}
type ProjectV2SingleSelectFieldOption { id: String! name: String! }
enum ProjectV2FieldType {
  ASSIGNEES DATE ITERATION LABELS LINKED_PULL_REQUESTS MILESTONE NUMBER PARENT_ISSUE REPOSITORY REVIEWERS
  SINGLE_SELECT SUB_ISSUES_PROGRESS TEXT TITLE TRACKED_BY TRACKS
}

type ProjectV2ItemConnection { nodes: [ProjectV2Item] pageInfo: PageInfo! totalCount: Int! }
enum ProjectV2ItemType { DRAFT_ISSUE ISSUE PULL_REQUEST REDACTED }
union ProjectV2ItemContent = DraftIssue | Issue | PullRequest
type DraftIssue implements Node { id: ID! title: String! }
type ProjectV2Item implements Node {
  content: ProjectV2ItemContent
  fieldValueByName(name: String!): ProjectV2ItemFieldValue
  id: ID!
  isArchived: Boolean!
  type: ProjectV2ItemType!
  updatedAt: DateTime!
}

union ProjectV2ItemFieldValue =
    ProjectV2ItemFieldDateValue | ProjectV2ItemFieldIterationValue | ProjectV2ItemFieldLabelValue
  | ProjectV2ItemFieldMilestoneValue | ProjectV2ItemFieldNumberValue | ProjectV2ItemFieldPullRequestValue
  | ProjectV2ItemFieldRepositoryValue | ProjectV2ItemFieldReviewerValue | ProjectV2ItemFieldSingleSelectValue
  | ProjectV2ItemFieldTextValue | ProjectV2ItemFieldUserValue
type ProjectV2ItemFieldDateValue { date: Date field: ProjectV2FieldConfiguration! }
type ProjectV2ItemFieldIterationValue {
  duration: Int!
  field: ProjectV2FieldConfiguration!
  iterationId: String!
  startDate: Date!
  title: String!
}
type ProjectV2ItemFieldNumberValue { field: ProjectV2FieldConfiguration! number: Float }
type ProjectV2ItemFieldSingleSelectValue {
  field: ProjectV2FieldConfiguration!
  name: String
  optionId: String
}
type ProjectV2ItemFieldTextValue { field: ProjectV2FieldConfiguration! text: String }
type ProjectV2ItemFieldLabelValue { field: ProjectV2FieldConfiguration! }
type ProjectV2ItemFieldMilestoneValue { field: ProjectV2FieldConfiguration! }
type ProjectV2ItemFieldPullRequestValue { field: ProjectV2FieldConfiguration! }
type ProjectV2ItemFieldRepositoryValue { field: ProjectV2FieldConfiguration! }
type ProjectV2ItemFieldReviewerValue { field: ProjectV2FieldConfiguration! }
type ProjectV2ItemFieldUserValue { field: ProjectV2FieldConfiguration! }
"""
"""Projects; Enterprise Servers before 3.9 lack them, as far as their documentation tells."""


@cache
def github_schema(*, sub_issues: bool, projects: bool = True) -> GraphQLSchema:
    """The schema of a site; with or without sub-issues and issue types, and projects."""
    parts = [SLICE, *([SUB_ISSUES, ISSUE_TYPES] if sub_issues else []), *([PROJECTS] if projects else [])]
    return build_schema("".join(parts))
