using Api.Accounts;
using Api.Admin.Forms;

namespace Api.Admin.AccountPages;

/// <summary>A change of several accounts: what it is about, what it would change, and how far it is.</summary>
/// <param name="Change">What is to be done.</param>
/// <param name="Input">What stands in the form, with what is wrong.</param>
/// <param name="Accounts">Those that it is about, or the first of them.</param>
/// <param name="Total">How many were chosen; <see langword="null"/> for all that a filter finds: nobody counts them beforehand.</param>
/// <param name="Progress">How far it is; <see langword="null"/> before it has begun.</param>
public sealed record BulkView(BulkChange Change, FormInput Input, IReadOnlyList<BulkLine> Accounts, int? Total, BulkProgress? Progress);

/// <summary>What is to be done with several accounts.</summary>
/// <param name="Action">One of <c>switch-off</c>, <c>switch-on</c>, <c>join</c> and <c>leave</c>.</param>
/// <param name="Group">The name of the group, where it is about one.</param>
/// <param name="Ids">The accounts, where they were ticked.</param>
/// <param name="Filter">The filter, where it is about all that it finds.</param>
public sealed record BulkChange(string Action, string Group, IReadOnlyList<Guid> Ids, AccountListFilter? Filter)
{
    /// <summary>What it does, in the words of a button.</summary>
    public string Title => Action switch
    {
        "switch-off" => "Switch off",
        "switch-on" => "Switch on",
        "join" => $"Put into the group {Group}",
        _ => $"Take out of the group {Group}",
    };
}

/// <summary>One account of a change.</summary>
/// <param name="Account">The account.</param>
/// <param name="Outcome">What would become of it, or has.</param>
/// <param name="Changes">Whether anything would change.</param>
public sealed record BulkLine(AccountResponse Account, string Outcome, bool Changes);

/// <summary>How far a change of several accounts is.</summary>
/// <param name="Seen">How many accounts it has come by.</param>
/// <param name="Changed">How many of them it changed.</param>
/// <param name="Next">Where it goes on; <see langword="null"/> when it is done.</param>
public sealed record BulkProgress(int Seen, int Changed, string? Next);
