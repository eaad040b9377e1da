using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;

namespace KeycloakAccess.Admin.AccessPages;

/// <summary>The question whether somebody may do something, its answer, and the accounts to choose from where several have the name.</summary>
public sealed record AccessView(FormInput Input, IReadOnlyList<string> Permissions, AccessAnswerView? Answer, IReadOnlyList<AccessChoice> Choices);

/// <summary>One of several accounts of a name, by Keycloak's id of it, and the address of the question about this one.</summary>
public sealed record AccessChoice(string Subject, string Kind, bool Enabled, string Path);

/// <summary>An answer: how it comes about, and what would have to change for a yes.</summary>
public sealed record AccessAnswerView
{
    public required bool IsAllowed { get; init; }
    public required string Sentence { get; init; }
    public required string AccountPath { get; init; }

    /// <summary>The question turned round.</summary>
    public required string WhoPath { get; init; }
    public required IReadOnlyList<IReadOnlyList<GrantPathStep>> Grants { get; init; }
    public required IReadOnlyList<IReadOnlyList<GrantPathStep>> Denials { get; init; }
    public required IReadOnlyList<string> Remedies { get; init; }
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>Who may do something, where a permission is asked about: the first groups that grant it, and one page of accounts.</summary>
public sealed record WhoMayView
{
    public required FormInput Input { get; init; }
    public required IReadOnlyList<string> Permissions { get; init; }
    public string? Permission { get; init; }
    public IReadOnlyList<WhoMayGroup> Groups { get; init; } = [];
    public int MoreGroups { get; init; }
    public IReadOnlyList<WhoMayLine> Accounts { get; init; } = [];
    public Paging Paging { get; init; } = new(First: null, Next: null);
}

/// <summary>A group that grants what was asked about.</summary>
public sealed record WhoMayGroup(Guid Id, string Name, bool IsDefault);

/// <summary>Somebody who may, because of the first of these groups; the address leads to the whole explanation.</summary>
public sealed record WhoMayLine(Guid AccountId, string Username, string Kind, IReadOnlyList<string> Because, string Path);
