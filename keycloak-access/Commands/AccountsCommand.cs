using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KeycloakAccess.Accounts;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Commands;

/// <summary>Accounts, for whoever is logged in to the machine: also where nobody may enable the first one.</summary>
internal static class AccountsCommand
{
    private const int PageSize = 100;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Create() => new("accounts", """
        The accounts of people and services. What is changed is in the audit log under who is logged in to this machine.

        Exit codes: 0 done, or it was so already. 1 the database or the configuration stands in the way. 2 the command line is
        wrong, or several accounts have the name. 3 the answer is no: there is no such account, somebody said no, or nobody would
        be left who holds everything.
        """)
    {
        List(),
        SetEnabled("enable", "Enable an account, from its next request on.", isEnabled: true),
        SetEnabled("disable", "Disable an account: it is refused from its next request on.", isEnabled: false),
        Delete(),
        Move(),
    };

    private static Verb List()
    {
        var search = new Option<string?>("--search") { Description = "A part of user name, e-mail or name.", HelpName = "text" };
        var disabled = new Option<bool>("--disabled") { Description = "Only those that are disabled." };
        var limit = AccessCommand.Limit();
        var json = AccessCommand.JsonOutput();
        const string description = "List accounts, by user name. Exit code 0: there are some, 3: none.";
        return new Verb("list", description, async (services, line, cancellationToken) =>
        {
            await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
            var store = services.GetRequiredService<AccountSearch>();
            var most = line.GetValue(limit);
            var found = new List<Account>();
            Cursor? next = null;
            do
            {
                var query = new AccountQuery
                {
                    Search = line.GetValue(search),
                    Enabled = line.GetValue(disabled) ? false : null,
                    Limit = Math.Min(PageSize, most - found.Count),
                    After = next,
                };
                (var page, next) = await store.ListAsync(query, cancellationToken);
                found.AddRange(page);
            }
            while (next is not null && found.Count < most);

            if (line.GetValue(json))
            {
                Terminal.WriteJson(JsonSerializer.Serialize(found.Select(AccountEndpoints.ToResponse), Json));
            }
            else
            {
                found.SelectMany(Lines).ToList().ForEach(Terminal.Write);
            }

            Terminal.Say(found.Count == 0 ? "There is no such account."
                : next is not null ? $"These are the first {found.Count}. --limit names more."
                : $"{Count(found.Count, "account")}.");
            return found.Count > 0 ? ExitCode.Done : ExitCode.No;
        }) { search, disabled, limit, json };
    }

    private static Verb SetEnabled(string name, string description, bool isEnabled)
    {
        var account = Named();
        var reason = Reason();
        var verb = new Verb(name, description, (services, line, cancellationToken) => WithAccountAsync(
            services,
            line.GetRequiredValue(account),
            async found =>
            {
                var outcome = await services.GetRequiredService<AccountCommands>().SetEnabledAsync(
                    found.Id, isEnabled, Host.Actor(line.GetValue(reason)), Allows(line), cancellationToken);
                return Finish(
                    outcome,
                    _ => outcome.IsChanged
                        ? $"{Describe(found)} is {name}d."
                        : $"{Describe(found)} was {name}d already.");
            },
            cancellationToken)) { account, reason };
        if (!isEnabled)
        {
            verb.Options.Add(AccessCommand.AllowNoSuperuser());
        }

        return verb;
    }

    private static Verb Delete()
    {
        var account = Named();
        var reason = Reason();
        var yes = Yes();
        const string description = "Delete an account and every name that is kept of it. What it did stays in the audit log, under its id.";
        return new Verb("delete", description, (services, line, cancellationToken) => WithAccountAsync(
            services,
            line.GetRequiredValue(account),
            async found =>
            {
                if (!line.GetValue(yes) && !Terminal.CanAsk)
                {
                    Terminal.Say("error: Nobody can be asked here whether to delete the account. Add --yes.");
                    return ExitCode.Invalid;
                }

                if (!line.GetValue(yes) && !Terminal.Ask($"Delete {Describe(found)} of {found.Issuer}? It cannot be undone."))
                {
                    Terminal.Say("Nothing has been changed.");
                    return ExitCode.No;
                }

                return Finish(
                    await services.GetRequiredService<AccountCommands>()
                        .DeleteAsync(found.Id, Host.Actor(line.GetValue(reason)), Allows(line), cancellationToken),
                    deleted => $"{Describe(found)} is deleted, with {Count(deleted.Memberships, "direct membership")} and "
                        + $"{Count(deleted.Sessions.Ended, "session")}."
                        + (deleted.Sessions.Open == 0 ? "" : $" {deleted.Sessions.Open} could not be ended in Keycloak."));
            },
            cancellationToken)) { account, reason, yes, AccessCommand.AllowNoSuperuser() };
    }

    private static Verb Move()
    {
        var from = new Option<string>("--from") { Description = "The former issuer, to the letter.", HelpName = "issuer", Required = true };
        var to = new Option<string>("--to") { Description = "The configured issuer, to the letter.", HelpName = "issuer", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done, and do nothing." };
        var reason = Reason();
        var yes = Yes();
        const string description = """
            Carry accounts, members, roles, sessions and all else over from one issuer to another, in one transaction: the same realm
            has another address. An account that exists under both becomes one: the older keeps its id, it is in the groups of both,
            and enabled if both are.
            """;
        return new Verb("move", description, async (services, line, cancellationToken) =>
        {
            var issuers = (From: line.GetRequiredValue(from), To: line.GetRequiredValue(to));
            var configured = services.GetRequiredService<FormerIssuers>().Configured;
            if (issuers.From == issuers.To || issuers.To != configured)
            {
                Terminal.Say(issuers.From == issuers.To
                    ? "error: --from and --to are the same issuer."
                    : $"error: This service trusts {configured}. What were moved to {issuers.To} would be out of its reach: "
                        + "name the configured issuer, or configure that one.");
                return ExitCode.Invalid;
            }

            await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
            var move = services.GetRequiredService<AccountMove>();
            var isDryRun = line.GetValue(dryRun);
            if (!isDryRun && !line.GetValue(yes))
            {
                if (!Terminal.CanAsk)
                {
                    Terminal.Say("error: Nobody can be asked here whether to move them. Look with --dry-run, and add --yes.");
                    return ExitCode.Invalid;
                }

                var planned = await move.RunAsync(issuers, isDryRun: true, Host.Actor(), allowsNoSuperuser: true, cancellationToken);
                Lines(planned.Value!).ToList().ForEach(Terminal.Say);
                if (!Terminal.Ask($"Move this to {issuers.To} in {services.GetRequiredService<Database>().Place}?"))
                {
                    Terminal.Say("Nothing has been changed.");
                    return ExitCode.No;
                }
            }

            var outcome = await move.RunAsync(issuers, isDryRun, Host.Actor(line.GetValue(reason)), Allows(line), cancellationToken);
            if (outcome.Value is { } report)
            {
                Lines(report).ToList().ForEach(Terminal.Write);
            }

            return Finish(outcome, done => done.IsEmpty ? $"There is nothing of {issuers.From}."
                : isDryRun ? "Nothing has been changed."
                : $"Moved to {issuers.To}.");
        }) { from, to, dryRun, reason, yes, AccessCommand.AllowNoSuperuser() };
    }

    public static async Task<int> WithAccountAsync(
        IServiceProvider services, string name, Func<Account, Task<int>> run, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
        var found = await services.GetRequiredService<AccountStore>().FindNamedAsync(name, cancellationToken);
        switch (found)
        {
            case []:
                Terminal.Say($"There is no account {name}. accounts list names them.");
                return ExitCode.No;
            case [var account]:
                return await run(account);
            default:
                Terminal.Say($"error: {name} may be any of several accounts. Name one by its id:");
                found.SelectMany(Lines).Select(line => $"  {line}").ToList().ForEach(Terminal.Say);
                return ExitCode.Invalid;
        }
    }

    private static int Finish<T>(ChangeOutcome<T> outcome, Func<T, string> done)
        where T : class
    {
        if (outcome.Value is { } value)
        {
            Terminal.Say(done(value));
            return ExitCode.Done;
        }

        Terminal.Say(outcome.Failure is ChangeFailure.LastSuperuser
            ? $"error: {ChangeFailure.LastSuperuser.Detail}"
            : "The account is not there any more.");
        return ExitCode.No;
    }

    private static bool Allows(ParseResult line) =>
        line.CommandResult.Command.Options.OfType<Option<bool>>()
            .FirstOrDefault(option => option.Name == "--allow-no-superuser") is { } option
        && line.GetValue(option);

    private static Argument<string> Named() =>
        new("account") { Description = "A user name, a client id, or the id of an account, Keycloak's or the one here." };

    public static Option<string?> Reason() => new("--reason") { Description = "Why; the audit log keeps it.", HelpName = "text" };

    private static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask. Needed where nobody can be asked." };

    private static string Describe(Account account) => $"{account.Username} ({account.Kind}, {account.Id})";

    private static IEnumerable<string> Lines(Account account)
    {
        yield return $"{Describe(account)}: {(account.Enabled ? "enabled" : "disabled")}, last seen {Instant(account.LastSeenAt)}";
        yield return $"    {account.Subject} of {account.Issuer}";
        if (account.DisabledBecause is { } why)
        {
            yield return $"    {why}";
        }
    }

    private static IEnumerable<string> Lines(MoveReport report) =>
    [
        .. report.Moved.Select(account => $"~ {Describe(account)}"),
        .. report.Merged.Select(merged => $"= {merged.Username} ({merged.Id}): one account, with the former {merged.FormerId}"
            + (merged.WasEnabled && !merged.Enabled ? ", disabled since one of them is" : "")),
        .. report.Rows.Where(table => table.Value > 0).Select(table => $"{table.Key}: {table.Value}"),
        $"{Count(report.Moved.Count, "account")} moved, {report.Merged.Count} merged."
            + (report.Merged.Count == 0 ? "" : " Rows of your models that name a former id are for you to change."),
    ];

    private static string Instant(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture);

    private static string Count(int number, string what) => $"{number} {what}{(number == 1 ? "" : "s")}";
}
