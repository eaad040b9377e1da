using System.CommandLine;
using System.Globalization;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using KeycloakAccess.Revocations;

namespace KeycloakAccess.Commands;

/// <summary>Refuses access tokens before they expire, for whoever is logged in to the machine.</summary>
internal static class RevokeCommand
{
    private const int PageSize = 100;

    public static Command Create() => new("revoke", """
        Access tokens that are refused although they have not expired, from the next request on, on every instance. What is done is in the
        audit log under who is logged in to this machine.

        Exit codes: 0 done. 1 the database or the configuration stands in the way. 2 the command line is wrong. 3 the answer is no.
        """)
    {
        List(),
        Token(),
        Client(),
        Everything(),
        TakeBack(),
    };

    private static Verb List() => new(
        "list", "List what is revoked, the newest first. Exit code 0: something is, 3: nothing.", async (services, _, cancellationToken) =>
        {
            await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
            var store = services.GetRequiredService<RevocationStore>();
            var count = 0;
            Cursor? next = null;
            do
            {
                (var page, next) = await store.ListAsync(PageSize, next, cancellationToken);
                page.Select(Line).ToList().ForEach(Terminal.Write);
                count += page.Count;
            }
            while (next is not null);

            Terminal.Say(count == 0 ? "Nothing is revoked." : "\"revoke take-back\" and the id takes one back.");
            return count > 0 ? ExitCode.Done : ExitCode.No;
        });

    private static Verb Token()
    {
        var token = new Argument<string>("token") { Description = "The token's id (jti), or - to read the token from standard input." };
        var reason = AccountsCommand.Reason();
        return new Verb("token", "Refuse one access token.", async (services, line, cancellationToken) =>
        {
            var value = line.GetRequiredValue(token);
            value = value == "-" ? await Console.In.ReadToEndAsync(cancellationToken) : value;
            return await RevokeAsync(
                services, new RevocationRequest { Kind = Revocation.Token, Value = value }, untilNow: false, line.GetValue(reason),
                cancellationToken);
        }) { token, reason };
    }

    private static Verb Client()
    {
        var client = new Argument<string>("client") { Description = "The client id, as tokens name it in azp." };
        var later = new Option<bool>("--later-too") { Description = "Later tokens too, until it is taken back." };
        var reason = AccountsCommand.Reason();
        return new Verb("client", "Refuse the access tokens of a client that were issued until now.", (services, line, cancellationToken) =>
            RevokeAsync(
                services,
                new RevocationRequest { Kind = Revocation.Client, Value = line.GetRequiredValue(client) },
                untilNow: !line.GetValue(later),
                line.GetValue(reason),
                cancellationToken)) { client, later, reason };
    }

    private static Verb Everything()
    {
        var reason = AccountsCommand.Reason();
        const string description = "Refuse every access token that was issued until now, and end every session of the staff pages.";
        return new Verb("everything", description, (services, line, cancellationToken) => RevokeAsync(
            services,
            new RevocationRequest { Kind = Revocation.Everything },
            untilNow: true,
            line.GetValue(reason),
            cancellationToken)) { reason };
    }

    private static Verb TakeBack()
    {
        var id = new Argument<Guid>("id") { Description = "The id that \"revoke list\" shows." };
        var reason = AccountsCommand.Reason();
        return new Verb("take-back", "Take a revocation back: what it refused is good again until it expires.", async (
            services, line, cancellationToken) =>
        {
            await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
            var outcome = await services.GetRequiredService<RevocationCommands>().DeleteAsync(
                line.GetRequiredValue(id), Host.Actor(line.GetValue(reason)), cancellationToken);
            Terminal.Say(outcome.Value is { } revocation
                ? $"Taken back: {Describe(revocation)}."
                : "There is no such revocation. \"revoke list\" lists them.");
            return outcome.Value is null ? ExitCode.No : ExitCode.Done;
        }) { id, reason };
    }

    private static async Task<int> RevokeAsync(
        IServiceProvider services, RevocationRequest request, bool untilNow, string? reason, CancellationToken cancellationToken)
    {
        await services.GetRequiredService<SchemaCheck>().RunAsync(cancellationToken);
        var outcome = await services.GetRequiredService<RevocationCommands>()
            .AddAsync(request, untilNow, Host.Actor(reason), cancellationToken);
        if (outcome.Value is { } revocation)
        {
            Terminal.Say($"Refused from the next request on: {Describe(revocation)}.");
            return ExitCode.Done;
        }

        var invalid = (ChangeFailure.Invalid)outcome.Failure!;
        invalid.Mistakes.SelectMany(field => field.Value).ToList().ForEach(mistake => Terminal.Say($"error: {mistake}"));
        return ExitCode.Invalid;
    }

    private static string Line(Revocation revocation) => $"{revocation.Id}  {At(revocation.RevokedAt)}  {Describe(revocation)}";

    private static string Describe(Revocation revocation) => (revocation.Kind switch
    {
        Revocation.Token => $"the token {revocation.Value}",
        Revocation.Client => $"the tokens of the client {revocation.Value}",
        _ => "all tokens",
    }) + (revocation.IssuedUntil is { } until ? $" that were issued until {At(until)}" : "");

    private static string At(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
