using KeycloakAccess.Admin.Access;
using KeycloakAccess.Admin.Design;
using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Admin.Rendering;
using KeycloakAccess.Explanation;
using KeycloakAccess.Groups;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.AccessPages;

internal sealed record AskedAccess(KnownSubject Account, Permission Permission);

/// <summary>Gives somebody what they were refused, by the smallest change of memberships that really does.</summary>
internal sealed class RemedyForm(SubjectStore subjects, GroupCommands commands, PermissionCatalogue catalogue) : PageForm<AskedAccess>
{
    private const string NewGroup = "new";
    private const string LeaveOnly = "leave";

    protected override async Task<AskedAccess?> FindAsync(PageContext page) =>
        Permission.TryParse(page.RouteText("permission"), out var permission)
        && catalogue.Contains(permission)
        && await subjects.FindNamedAsync(page.RouteText("account"), page.Cancellation) is [var account]
            ? new AskedAccess(account, permission)
            : null;

    protected override Task<FormInput> FillAsync(PageContext page, AskedAccess subject)
    {
        var first = Offer(page, subject).FirstOrDefault(remedy => remedy.Lacking.Count == 0);
        return Task.FromResult(FormInput.Create(("remedy", first?.Value)));
    }

    protected override Task<IResult> RenderAsync(PageContext page, AskedAccess subject, FormInput input, int status)
    {
        var (account, permission) = subject;
        var found = Remedies.Find(account, permission, page.Caller.Rules, catalogue);
        return Task.FromResult<IResult>(page.Render<RemedyPage, RemedyListView>(
            new RemedyListView
            {
                AccountId = account.AccountId,
                Username = account.Username,
                Permission = permission.ToString(),
                IsAllowed = found.IsAllowed,
                Obstacles = found.Obstacles,
                Remedies = Offer(page, subject),
                Path = GivePath.Of(account.AccountId, permission),
                Back = QuestionPath(subject),
                Input = input,
            },
            status));
    }

    protected override async Task<FormResult> SubmitAsync(PageContext page, AskedAccess subject, FormInput input)
    {
        var (account, permission) = subject;
        var until = UntilField.Read(input, page);
        var chosen = Remedies.Find(account, permission, page.Caller.Rules, catalogue).Remedies
            .FirstOrDefault(remedy => ValueOf(remedy) == input.Value("remedy"));
        if (chosen is null)
        {
            input.Add("remedy", "Choose one. What is offered is what would really allow it now.");
        }
        else if (chosen.MakesGroup && !page.Caller.May(GroupPermissions.Add))
        {
            input.Add("remedy", $"Making a group takes {GroupPermissions.Add}, which you lack.");
        }

        else if (chosen.Join is null && until is not null)
        {
            input.Add(UntilField.Name, "Nobody is put back by themselves into a group that they leave: leave the end empty.");
        }

        if (!input.IsValid)
        {
            return FormResult.Invalid;
        }

        var change = new MembershipChange(
            [.. chosen!.Leave.Select(group => group.Id)],
            chosen.MakesGroup ? null : chosen.Join?.Id,
            chosen.MakesGroup
                ? new GroupRequest
                {
                    Name = chosen.Join!.Name,
                    Description = $"Grants {permission} and nothing else.",
                    Permissions = [permission.ToString()],
                }
                : null,
            until);
        var outcome = await commands.GiveAsync(account.AccountId, change, AuthorOf(page), page.Cancellation);
        return outcome.Failure is { } failure
            ? failure
            : new FormResult.Done(
                QuestionPath(subject),
                PageMessage.Done($"{account.Username} may do {permission} from the next request on{UntilField.Describe(until)}."));
    }

    protected override string RefusedField => "remedy";

    private static string QuestionPath(AskedAccess asked) => Links.WithQuery(
        "/admin/access", ("account", asked.Account.AccountId.ToString()), ("permission", asked.Permission.ToString()));

    private RemedyView[] Offer(PageContext page, AskedAccess asked) =>
    [
        .. Remedies.Find(asked.Account, asked.Permission, page.Caller.Rules, catalogue).Remedies
            .Where(remedy => !remedy.MakesGroup || page.Caller.May(GroupPermissions.Add))
            .Select(remedy => new RemedyView(
                ValueOf(remedy),
                Describe(remedy, asked.Permission),
                [.. remedy.AlsoGains.Select(permission => permission.ToString())],
                [.. remedy.Loses.Select(permission => permission.ToString())],
                [
                    .. remedy.Leave.Append(remedy.Join).OfType<GroupRule>()
                        .SelectMany(page.GrantGuard.Lacking)
                        .Distinct(StringComparer.Ordinal),
                ])),
    ];

    private static string ValueOf(Remedy remedy) => remedy.MakesGroup ? NewGroup : remedy.Join?.Id.ToString() ?? LeaveOnly;

    private static string Describe(Remedy remedy, Permission permission)
    {
        var leave = remedy.Leave.Count == 0
            ? ""
            : $"Remove from {string.Join(", ", remedy.Leave.Select(group => group.Name))}, which denies it";
        var join = remedy.Join is not { } group ? ""
            : remedy.MakesGroup ? $"add to a new group {group.Name}, which grants {permission} and nothing else"
            : $"add to the group {group.Name}";
        return (leave.Length, join.Length) switch
        {
            (0, _) => char.ToUpperInvariant(join[0]) + join[1..],
            (_, 0) => leave,
            _ => $"{leave}, and {join}",
        };
    }
}
