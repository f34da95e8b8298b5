import { pluralizer } from '../plural'

const plural = pluralizer('en')

export const explore = {
  explore: {
    title: 'Metrics',
    searchLabel: 'Metric, label, plugin',
    nothing: 'Nothing that a probe declares is called so.',
    noServers: 'Metrics are those of a server; there is none yet.',
    chooseOther: 'Choose another',
    chooseTitle: 'Choose a metric',
    chooseText: 'Everything that a probe declares has a chart and a table here, your own probes too.',
    unknownTitle: 'No probe declares this',
    unknownText: (set: string) =>
      `No plugin that is loaded declares the set “${set}”. The plugin may be switched off or refused, or the set renamed.`,
    unknownMetric: (set: string, metric: string) =>
      `The set “${set}” declares no metric “${metric}”. It may have been renamed.`,
    family: (count: number) => plural(count, { one: 'metric', other: 'metrics' }),
    every: (duration: string) => `every ${duration}`,
    historyOnly: 'no plugin collects it any more',
    /** After the name of a plugin */
    notOn: (server: string) => `does not run on ${server}`,
    metric: 'Metric',
    value: 'Value',
    by: 'Lines',
    bySeries: 'a line for each series',
    byLabel: (label: string) => `lines by ${label}`,
    views: 'Views',
    noViews: 'No view is saved yet.',
    saveView: 'Save this view',
    saveText: 'This browser keeps the address under a name. To show it to somebody, send them the address.',
    forgetView: (name: string) => `Forget ${name}`,
  },
}
